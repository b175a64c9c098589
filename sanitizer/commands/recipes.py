"""`sanitize recipes`: strategy, treatments and budget together, by name."""

from __future__ import annotations

import json

import rich_click as click
from rich.text import Text

from sanitizer.terminal.consoles import result


class Recipes(click.RichGroup):
    """Without a word it is `list`; a word that is no command is a recipe to show."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command that is meant before the others."""
        words = [word for word in args if not word.startswith("-")]
        if not set(args) & set(self.get_help_option_names(ctx)) and words[:1] != ["list"] and words[:1] != ["show"]:
            args = ["show" if words else "list", *args]
        return super().parse_args(ctx, args)


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group("recipes", cls=Recipes, subcommand_metavar="[list | show NAME]", short_help="List the recipes by name.")
def recipes() -> None:
    """List the recipes for `--recipe`, or show one as YAML, to be changed and given back with `--recipe FILE`.

    `sanitize recipes` is `sanitize recipes list`, and `sanitize recipes NAME` is `sanitize recipes show NAME`.

    \b
    Examples:
      sanitize recipes list
      sanitize recipes show pure > mine.yaml
      sanitize org/model --recipe pure
    """


@recipes.command("list", short_help="Every recipe in a line.")
@json_option
def list_all(as_json: bool) -> None:
    """List the recipes, each in a line.

    \b
    Examples:
      sanitize recipes list
      sanitize recipes list --json
    """
    from sanitizer.recipes import RECIPES

    out = result()
    if as_json:
        rows = [{"name": key, "about": row.about, "recipe": row.recipe.to_yaml()} for key, row in RECIPES.items()]
        out.out(json.dumps(rows, indent=2), highlight=False)
        return
    wide = max(map(len, RECIPES)) + 2
    for key, row in RECIPES.items():
        out.print(Text.assemble((f"{key:<{wide}}", "bold"), row.about), soft_wrap=True)


@recipes.command("show", short_help="One recipe as YAML.")
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show a recipe as YAML. What it leaves out is at its default.

    \b
    Examples:
      sanitize recipes show paper/gradient
      sanitize recipes show pure > mine.yaml
    """
    from sanitizer.recipes import find

    text = find(name).to_yaml()
    result().out(json.dumps({"name": name, "recipe": text}, indent=2) if as_json else text.rstrip(), highlight=False)
