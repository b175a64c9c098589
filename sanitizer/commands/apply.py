"""`sanitize apply PLAN MODEL`: take out the heads that a plan names, file by file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from sanitizer.commands.session import working
from sanitizer.commands.words import (
    OUTPUT,
    WHAT,
    gate_options,
    gate_words,
    json_option,
    layout_option,
    quiet_or_verbose,
    revision_option,
    token_option,
)
from sanitizer.options import ApplyOptions
from sanitizer.terminal.consoles import result


@click.command("apply", short_help="Take the heads of a plan out of MODEL's files, whatever its size.")
@click.argument("plan", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("model")
@revision_option
@click.option(
    "--other-model",
    is_flag=True,
    panel=WHAT,
    help="Go on with a plan that was made for other files than MODEL's; the record says so.",
)
@gate_options
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    panel=OUTPUT,
    help="Where the result goes. [default: ./NAME-sanitized]",
)
@click.option("--force", is_flag=True, panel=OUTPUT, help="Replace what lies in the output folder.")
@layout_option
@click.option("--dry-run", is_flag=True, panel=OUTPUT, help="Vet MODEL, check that PLAN fits, and write nothing.")
@json_option
@quiet_or_verbose
@token_option
def apply(**words: Any) -> int:
    """Take the heads that PLAN names out of MODEL, in its files: no model is built, and memory stays small.

    PLAN is the sanitizer/report.json of a run, or JSON such as {"heads": ["L0.H3", "L2.H1"]}, layers and heads from
    zero. MODEL is vetted as every run vets it. Nothing is tuned and nothing is measured.

    \b
    Examples:
      sanitize apply ./model-sanitized/sanitizer/report.json ./model --output ./cut
      sanitize apply report.json org/model --layout dense
      sanitize apply heads.json ./model --other-model --dry-run
    """
    from sanitizer.schema import to_json
    from sanitizer.terminal.apply_story import apply_story
    from sanitizer.terminal.lines import tell

    names = ("plan", "model", "revision", "output", "force", "layout", "other_model", "token")
    options = ApplyOptions(**{name: words[name] for name in names}, gate=gate_words(words))
    with working() as progress:
        from sanitizer.applying import work

        done = work.apply(options, dry_run=words["dry_run"], progress=progress)
    out = result()
    if words["as_json"]:
        out.out(to_json(done.report), end="", highlight=False)
    else:
        tell(out, apply_story(done))
    return 0
