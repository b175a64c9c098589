"""`sanitize verify MODEL`: a result of somebody else's, held against what it says about itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from sanitizer.commands.session import working
from sanitizer.commands.speech import INCOMPLETE, say
from sanitizer.commands.words import (
    DATA,
    MACHINE,
    WHAT,
    DeviceName,
    data_options,
    gate_options,
    gate_words,
    json_option,
    quiet_or_verbose,
    revision_option,
    token_option,
)
from sanitizer.options import DataOptions, VerifyOptions
from sanitizer.terminal.consoles import result

CODES = {"held": 0, "false": 1, "unknown": INCOMPLETE}


@click.command("verify", short_help="Check what a sanitized MODEL says about itself.")
@click.argument("model")
@revision_option
@gate_options
@data_options
@click.option(
    "--rederive",
    is_flag=True,
    panel=DATA,
    help="Run its recipe again, on the commit it names or on --source, and compare the tensors.",
)
@click.option(
    "--source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    panel=WHAT,
    help="The model that MODEL was made from, if the report names no commit of it.",
)
@click.option(
    "--base",
    panel=WHAT,
    metavar="ID|DIR",
    help="For --rederive: the base that weights were taken from, if the report names no commit of it.",
)
@click.option("--device", type=DeviceName(), default="auto", show_default=True, panel=MACHINE, help="Where to compute.")
@json_option
@quiet_or_verbose
@token_option
def verify(**words: Any) -> int:
    """Hold MODEL, which somebody says was sanitized, against every claim in it: sums, report, recipe, lock, card.

    The gate vets it as it is now, and the tensors must lack the heads that the report calls removed. With --data its
    metrics are measured again, on the same held-out texts if it is the same data. Who made it, no file in it can show.

    Exit codes: 0 every claim that was checked holds, 1 one is false, 3 one could not be checked.

    \b
    Examples:
      sanitize verify org/model-sanitized
      sanitize verify ./model-sanitized --data reviews.tsv
      sanitize verify ./model-sanitized --data reviews.tsv --rederive --source ./model
      sanitize verify org/model-sanitized --json
    """
    options = VerifyOptions(
        words["model"],
        words["revision"],
        data=DataOptions(words["data"], words["text_column"], words["label_column"]),
        gate=gate_words(words),
        **{name: words[name] for name in ("rederive", "source", "base", "device", "token")},
    )
    from sanitizer.schema import to_json
    from sanitizer.terminal.lines import tell
    from sanitizer.terminal.verify_story import verify_story

    with working() as progress:
        from sanitizer import verifying

        report = verifying.verify(options, progress=progress)
    out = result()
    if words["as_json"]:
        out.out(to_json(report), end="", highlight=False)
    else:
        tell(out, verify_story(report))
    first = next((claim for claim in report.claims if claim.answer == report.answer), None)
    if report.answer != "held" and first is not None:
        word = "false" if report.answer == "false" else "not to be checked"
        say(f"error: {report.name}: a claim is {word} ({first.about}): {first.found}", "")
    return CODES[report.answer]
