"""`sanitize compare A B`: how two checkpoints differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click
from rich.text import Text

from sanitizer.commands.session import working
from sanitizer.commands.words import (
    OUTPUT,
    WHAT,
    data_options,
    gate_options,
    gate_words,
    json_option,
    machine_options,
    quiet_or_verbose,
    token_option,
)
from sanitizer.options import CompareOptions, DataOptions
from sanitizer.terminal.consoles import coloured, result
from sanitizer.text import clean


@click.command("compare", short_help="Show how two models differ.")
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@click.option("--revision-a", "left_revision", panel=WHAT, metavar="REV", help="A branch, tag or commit of A.")
@click.option("--revision-b", "right_revision", panel=WHAT, metavar="REV", help="A branch, tag or commit of B.")
@gate_options
@data_options
@json_option
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    panel=OUTPUT,
    help="Write the comparison here too, as one page that loads nothing.",
)
@quiet_or_verbose
@token_option
@machine_options
def compare(**words: Any) -> int:
    """Vet A and B, folders or repositories, and show how they differ: files, settings, tensors, heads.

    With --data both answer the same texts: how far logits are apart, how often they agree, and what accuracy and loss
    change by, with paired intervals. Without it, torch is not needed. To compare is not to judge: the exit code is 0.

    \b
    Examples:
      sanitize compare ./model ./model-sanitized
      sanitize compare org/base org/finetuned --data reviews.tsv
      sanitize compare ./model ./model-sanitized --data reviews.tsv --html changes.html
      sanitize compare org/model org/model --revision-b refs/pr/1 --json
    """
    names = ("left", "right", "left_revision", "right_revision", "device", "dtype", "seed", "batch_size", "token")
    options = CompareOptions(
        **{name: words[name] for name in names},
        data=DataOptions(words["data"], words["text_column"], words["label_column"]),
        gate=gate_words(words),
    )
    from sanitizer.schema import to_json
    from sanitizer.terminal.compare_story import compare_story
    from sanitizer.terminal.lines import tell

    with working() as progress:
        from sanitizer import comparing

        report = comparing.compare(options, progress=progress)
        if words["page"] is not None:
            from sanitizer.documents import write_comparison

            write_comparison(report, words["page"])
    out = result()
    if words["as_json"]:
        out.out(to_json(report), end="", highlight=False)
    else:
        tell(out, compare_story(report, colour=coloured(out)))
        if words["page"] is not None:
            tell(out, [Text(f"  page        {clean(str(words['page']))}", no_wrap=True)])
    return 0
