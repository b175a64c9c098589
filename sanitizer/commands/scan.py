"""`sanitize scan MODEL`: look, and change nothing."""

from __future__ import annotations

from typing import Any

import rich_click as click

from sanitizer.commands.session import working
from sanitizer.commands.words import (
    DATA,
    ablate_option,
    base_option,
    data_options,
    gate_options,
    json_option,
    machine_options,
    max_memory_option,
    quiet_or_verbose,
    revision_option,
    scan_words,
    token_option,
)
from sanitizer.errors import UsageError
from sanitizer.options import DataOptions, ScanOptions
from sanitizer.terminal.consoles import coloured, result


@click.command("scan", short_help="Show what MODEL's heads do on clean text.")
@click.argument("model")
@revision_option
@base_option
@gate_options
@data_options
@ablate_option
@click.option(
    "--inputs",
    panel=DATA,
    metavar="ID|FILE",
    help="Inputs you doubt: are they abnormal for MODEL, held against --data and against controls?",
)
@click.option("--inputs-column", panel=DATA, metavar="NAME", help="Their column of texts, if it cannot be told.")
@json_option
@quiet_or_verbose
@token_option
@machine_options
@max_memory_option
def scan(**words: Any) -> int:
    """Vet MODEL and show what its attention heads do on clean text. Nothing is changed or written.

    \b
    Examples:
      sanitize scan org/model
      sanitize scan ./model --data reviews.tsv
      sanitize scan ./model --data reviews.tsv --inputs odd.jsonl
      sanitize scan ./model --base org/base
      sanitize scan org/model --json > scan.json
    """
    options = ScanOptions(**scan_words(words))
    if words["inputs_column"] is not None and words["inputs"] is None:
        raise UsageError("--inputs-column is for --inputs", hint="add --inputs FILE")
    inputs = None if words["inputs"] is None else DataOptions(words["inputs"], words["inputs_column"])
    from sanitizer.schema import to_json
    from sanitizer.terminal.lines import tell
    from sanitizer.terminal.story import scan_story

    with working() as progress:
        from sanitizer import pipeline

        report = pipeline.scan(options, inputs=inputs, progress=progress)
    out = result()
    if words["as_json"]:
        out.out(to_json(report), end="", highlight=False)
    else:
        tell(out, scan_story(report, model=options.model, revision=options.revision, colour=coloured(out)))
    return 0
