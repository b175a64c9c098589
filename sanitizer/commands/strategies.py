"""`sanitize strategies`: the ways of scoring heads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import rich_click as click
from rich.text import Text

from sanitizer.terminal.consoles import result

if TYPE_CHECKING:
    from sanitizer.catalog import Entry

PACKAGE = "sanitizer.strategies"


@click.command("strategies", short_help="List the ways of scoring heads.")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def strategies(name: str | None, as_json: bool) -> None:
    """List the strategies with their papers, or show one with its parameters (`--set name=value` of `run`).

    \b
    Examples:
      sanitize strategies
      sanitize strategies gradient
      sanitize org/model --strategy gradient --set samples=512
    """
    from sanitizer import catalog

    show(
        catalog.entries(PACKAGE) if name is None else (catalog.describe(PACKAGE, name),),
        one=name is not None,
        as_json=as_json,
    )


def show(found: Sequence[Entry], *, one: bool, as_json: bool) -> None:
    """Print plugins in a few lines each, or one of them whole."""
    out = result()
    if as_json:
        documents = [asdict(entry) for entry in found]
        out.out(json.dumps(documents[0] if one else documents, indent=2), highlight=False)
    elif not one:
        for entry in found:
            out.print(Text(entry.name, style="bold"))
            out.print(
                Text(f"  {entry.summary}\n  {entry.source}" if entry.source else f"  {entry.summary}"), soft_wrap=True
            )
    else:
        out.print(Text(found[0].text), soft_wrap=True)
        out.print(Text("\nParameters" if found[0].parameters else "\nNo parameters", style="bold"))
        for parameter in found[0].parameters:
            default = "required" if parameter.default is None else f"default {parameter.default}"
            note = f"  {parameter.note}" if parameter.note else ""
            out.print(Text(f"  --set {parameter.name}=…  {parameter.type}, {default}{note}"))
