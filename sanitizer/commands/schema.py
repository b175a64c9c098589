"""`sanitize schema`: the contract of what `--json` prints."""

from __future__ import annotations

import json

import rich_click as click

from sanitizer.terminal.consoles import result

NAMES = (
    "report",
    "scan",
    "preview",
    "forensics",
    "apply",
    "vet",
    "vets",
    "benchmark",
    "cell",
    "verification",
    "comparison",
    "plant",
    "fleet",
    "checkpoint",
)


@click.command("schema", short_help="Print the JSON Schema of the reports.")
@click.argument("name", type=click.Choice(NAMES))
def schema(name: str) -> None:
    """Print the JSON Schema of a report: of a run, a scan, a dry run, a vet, a benchmark, …

    \b
    Examples:
      sanitize schema report
      sanitize schema scan > scan.schema.json
    """
    from sanitizer.schema import json_schema

    result().out(json.dumps(json_schema(name), indent=2), highlight=False)
