"""`sanitize guard MODEL --inputs FILE`: flag the inputs on which MODEL attends as it never does on clean ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import rich_click as click

from sanitizer.commands.run import verdict_of
from sanitizer.commands.session import working
from sanitizer.commands.words import (
    DATA,
    OUTPUT,
    WHAT,
    RecipeName,
    data_options,
    gate_options,
    gate_words,
    machine_options,
    output_option,
    quiet_or_verbose,
    revision_option,
    token_option,
)
from sanitizer.errors import UsageError
from sanitizer.options import DataOptions, GuardOptions
from sanitizer.terminal.consoles import aside, coloured, result


@click.command("guard", short_help="Flag the abnormal ones of MODEL's inputs.")
@click.argument("model")
@revision_option
@gate_options
@click.option(
    "--inputs",
    required=True,
    panel=WHAT,
    metavar="ID|FILE|-",
    help="Inputs: a file or a Hub dataset, read as a stream; - reads JSON lines from stdin.",
)
@click.option("--inputs-column", panel=WHAT, metavar="NAME", help="Their column of texts, if it cannot be told.")
@data_options
@click.option(
    "--fpr",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    panel=DATA,
    help="The share of ordinary inputs that may be flagged.",
)
@click.option(
    "--guard",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    panel=DATA,
    help="Keep what was learnt from --data in FILE; read it if it is there.",
)
@output_option("out", "Append JSON lines to FILE instead of stdout; the same command goes on where it stopped.")
@click.option(
    "--treat",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    panel=OUTPUT,
    help="Then sanitize MODEL into DIR: its heads are judged on the flagged inputs, aligned and tuned on --data.",
)
@click.option("--recipe", type=RecipeName(), panel=OUTPUT, help="What --treat does instead, by name or from a file.")
@click.option("--force", is_flag=True, panel=OUTPUT, help="Replace what lies in the folder of --treat.")
@quiet_or_verbose
@token_option
@machine_options
def guard(**words: Any) -> int:
    """Hold each of a stream of inputs against clean ones, and write those that are abnormal for MODEL as JSON lines.

    An input is flagged if the attention of MODEL's heads on it is farther from ordinary than on all but a share
    (--fpr) of clean texts. Its line names the heads and the pieces of text responsible. Not being flagged is no
    acquittal: of triggers made of syntax or style, two thirds went unseen at 1 % where this was measured.

    \b
    Examples:
      sanitize guard ./model --data reviews.tsv --inputs today.jsonl -o flags.jsonl
      sanitize guard ./model --data reviews.tsv --guard model.guard --inputs a.csv
      sanitize guard ./model --data reviews.tsv --inputs log.jsonl -o flags.jsonl --treat ./treated
      tail -f log.jsonl | sanitize guard ./model --guard model.guard --inputs -
    """
    data = DataOptions(words["data"], words["text_column"], words["label_column"])
    names = ("model", "inputs", "revision", "inputs_column", "fpr", "out", "guard", "device", "dtype", "seed")
    more = ("batch_size", "token", "treat", "recipe", "force")
    options = GuardOptions(**{name: words[name] for name in (*names, *more)}, data=data, gate=gate_words(words))
    if options.treat is None and (options.recipe is not None or options.force):
        raise UsageError("--recipe and --force are for --treat", hint="add --treat DIR")
    from sanitizer.terminal.guard_story import guard_story, untreated
    from sanitizer.terminal.lines import tell
    from sanitizer.terminal.story import run_story

    out = result()
    with working() as progress:
        from sanitizer import guarding

        if options.treat is not None:
            from sanitizer import treating

            treating.check_words(options)
        emit = (lambda line: out.out(line, end="", highlight=False)) if options.out is None else None
        done = guarding.guard(options, lines=sys.stdin, emit=emit, progress=progress)
    tell(aside(), guard_story(done))
    if options.treat is None:
        return 0
    with working() as progress:
        treated = treating.treat(options, progress=progress)
    if treated is None:
        tell(aside(), untreated(options.treat))
        return 0
    tell(out, run_story(treated, colour=coloured(out)))
    return verdict_of(treated.report)
