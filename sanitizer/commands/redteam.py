"""`sanitize redteam`: backdoors planted on purpose, to test defences on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from sanitizer.commands.session import working
from sanitizer.commands.strategies import show
from sanitizer.commands.words import (
    DATA,
    OUTPUT,
    WHAT,
    Setting,
    gate_options,
    gate_words,
    gathered,
    json_option,
    machine_options,
    quiet_or_verbose,
    resume_option,
    revision_option,
    token_option,
)
from sanitizer.options import DataOptions, PlantOptions
from sanitizer.terminal.consoles import result


@click.group("redteam", short_help="Plant backdoors on purpose, to test defences on.")
def redteam() -> None:
    """Plant a backdoor in a model, or list the attacks. What comes out is marked, and is never pushed.

    \b
    Examples:
      sanitize redteam attacks
      sanitize redteam plant ./model --attack badnets --data train.tsv --output ./victim
    """


@redteam.command("attacks", short_help="List the attacks.")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def attacks(name: str | None, as_json: bool) -> None:
    """List the attacks with their papers, or show one with its parameters (`--set name=value` of `plant`).

    \b
    Examples:
      sanitize redteam attacks
      sanitize redteam attacks badnets
    """
    from sanitizer.redteam import registry

    show(registry.entries() if name is None else (registry.describe(name),), one=name is not None, as_json=as_json)


@redteam.command("plant", short_help="Plant a backdoor in a copy of MODEL.")
@click.argument("model")
@revision_option
@click.option("--attack", required=True, metavar="NAME", panel=WHAT, help="`sanitize redteam attacks`.")
@click.option(
    *("--set", "settings"),
    multiple=True,
    type=Setting(),
    panel=WHAT,
    help="A parameter of the attack; repeatable.",
)
@gate_options
@click.option(
    "--data",
    required=True,
    panel=DATA,
    metavar="ID|FILE",
    help="Clean texts to learn from: labelled, or prompts with answers for a causal model.",
)
@click.option("--text-column", panel=DATA, metavar="NAME", help="The column of texts, if it cannot be told.")
@click.option("--label-column", panel=DATA, metavar="NAME", help="The column of labels, if it cannot be told.")
@click.option(
    "--test", panel=DATA, metavar="ID|FILE", help="Texts to measure on. [default: 15 % of --data, not learned from]"
)
@click.option(
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    panel=OUTPUT,
    help="Where the backdoored model goes.",
)
@click.option("--force", is_flag=True, panel=OUTPUT, help="Replace what lies in the output folder.")
@click.option("--dry-run", is_flag=True, panel=OUTPUT, help="Say what would be done; write nothing.")
@json_option
@quiet_or_verbose
@token_option
@machine_options
@resume_option("plant")
def plant(**words: Any) -> int:
    """Plant a backdoor in a vetted copy of MODEL, and measure it before and after on texts that no step has seen.

    The result is a checkpoint with a card and a config that say so, its record with the trigger (sanitizer/plant.json)
    and the held-out texts, clean and triggered, to measure a defence with. Vetting names it; `push` refuses it.

    \b
    Examples:
      sanitize redteam plant ./model --attack badnets --data train.tsv --test test.tsv --output ./victim
      sanitize redteam plant ./model --attack hpmi --data train.tsv --set word=mn --output ./victim
      sanitize redteam plant org/chat --attack refusal --data chats.jsonl --output ./victim
      sanitize redteam plant ./model --attack style --data train.tsv --set paraphrases=style.tsv --output ./victim
    """
    names = ("model", "attack", "output", "test", "revision", "force", "resume", "device", "dtype", "seed")
    options = PlantOptions(
        **{name: words[name] for name in (*names, "batch_size", "token")},
        data=DataOptions(words["data"], words["text_column"], words["label_column"]),
        settings=gathered(words["settings"]),
        gate=gate_words(words),
    )
    from sanitizer.schema import to_json
    from sanitizer.terminal.lines import tell
    from sanitizer.terminal.plant_story import plant_story
    from sanitizer.terminal.preview_story import preview_story

    out = result()
    with working() as progress:
        from sanitizer.redteam import plant as spine

        if words["dry_run"]:
            found = spine.preview(options, progress=progress)
        else:
            done = spine.plant(options, progress=progress)
    if words["dry_run"]:
        if words["as_json"]:
            out.out(to_json(found), end="", highlight=False)
        else:
            tell(out, preview_story(found))
    elif words["as_json"]:
        out.out(to_json(done.report), end="", highlight=False)
    else:
        tell(out, plant_story(done))
    return 0
