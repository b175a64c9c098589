"""`sanitize demo`: the main job on a model that is known to be backdoored."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from sanitizer.commands.session import working
from sanitizer.commands.speech import ended
from sanitizer.commands.words import OUTPUT, json_option, quiet_or_verbose, seed_option
from sanitizer.errors import GateError
from sanitizer.terminal.consoles import coloured, result

if TYPE_CHECKING:
    from sanitizer.showcase import DemoResult


@click.command("demo", short_help="Sanitize a small backdoored model, to see it work.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    panel=OUTPUT,
    help="Where the suspect and the result go. [default: a new temporary folder]",
)
@json_option
@quiet_or_verbose
@seed_option
def demo(output: Path | None, as_json: bool, seed: int) -> int:
    """Sanitize a small backdoored classifier before your eyes. Needs no network and no data.

    \b
    Examples:
      sanitize demo
      sanitize demo --output ./demo --seed 1
    """
    from sanitizer.terminal.demo_story import demo_story
    from sanitizer.terminal.lines import tell

    with working() as progress:
        from sanitizer import showcase

        done = showcase.demo(output, seed=seed, progress=progress)
    out = result()
    if as_json:
        out.out(_json(done), end="", highlight=False)
    else:
        tell(out, demo_story(done, colour=coloured(out)))
    if done.result.report.passed:
        return 0
    return ended(GateError("a gate failed", hint="the report says which"), verbose=False)


def _json(done: DemoResult) -> str:
    from sanitizer.schema import to_json

    document = {
        "kind": "demo",
        "suspect": asdict(done.suspect),
        "treated": asdict(done.treated),
        "floor": asdict(done.floor),
        "folder": str(done.folder),
        "output": str(done.result.output),
        "report": json.loads(to_json(done.result.report)),
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"
