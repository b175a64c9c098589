"""`sanitize recipes`: strategy and treatments together, by name."""

from __future__ import annotations

import json

import rich_click as click
from rich.text import Text

from sanitizer.terminal.consoles import result


@click.command("recipes", short_help="List the recipes that have a name.")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def recipes(name: str | None, as_json: bool) -> None:
    """List the recipes for `--recipe`, or show one as YAML, to be changed and given back with `--recipe FILE`.

    \b
    Examples:
      sanitize recipes
      sanitize recipes pure > mine.yaml
      sanitize org/model --recipe pure
    """
    from sanitizer.recipes import RECIPES, find

    out = result()
    if name is not None:
        text = find(name).to_yaml()
        out.out(json.dumps({"name": name, "recipe": text}, indent=2) if as_json else text.rstrip(), highlight=False)
    elif as_json:
        rows = [{"name": key, "about": row.about, "recipe": row.recipe.to_yaml()} for key, row in RECIPES.items()]
        out.out(json.dumps(rows, indent=2), highlight=False)
    else:
        for key, row in RECIPES.items():
            out.print(Text.assemble((f"{key:<14}", "bold"), row.about), soft_wrap=True)
