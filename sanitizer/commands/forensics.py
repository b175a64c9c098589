"""`sanitize forensics MODEL`: do heads look planted, by their weights alone?"""

from __future__ import annotations

from typing import Any

import rich_click as click

from sanitizer.commands.session import working
from sanitizer.commands.words import (
    WHAT,
    gate_options,
    gate_words,
    json_option,
    quiet_or_verbose,
    revision_option,
    token_option,
)
from sanitizer.options import ForensicsOptions
from sanitizer.terminal.consoles import result


@click.command("forensics", short_help="Say whether MODEL's heads look planted, by its files alone, whatever its size.")
@click.argument("model")
@revision_option
@click.option(
    "--base",
    panel=WHAT,
    metavar="ID|DIR|card",
    help="The model that MODEL was made from, or `card` for the one its card names: distance from it is evidence.",
)
@gate_options
@json_option
@quiet_or_verbose
@token_option
def forensics(**words: Any) -> int:
    """Vet MODEL and hold the weights of its heads against each other: no model is built, no text is read.

    Memory is that of a few layers. What a head does on text is not asked: `sanitize scan` asks for that too, and finds
    more. The JSON is a plan that `sanitize apply` takes. Nothing is changed or written.

    \b
    Examples:
      sanitize forensics org/model
      sanitize forensics ./model --base org/base
      sanitize forensics ./model --json > planted.json
      sanitize apply planted.json ./model --output ./cut
    """
    options = ForensicsOptions(
        **{name: words[name] for name in ("model", "revision", "base", "token")}, gate=gate_words(words)
    )
    from sanitizer.schema import to_json
    from sanitizer.terminal.filed_story import forensics_report_story
    from sanitizer.terminal.lines import tell, typed

    with working() as progress:
        from sanitizer import forensics as verb

        report = verb.forensics(options, progress=progress)
    out = result()
    if words["as_json"]:
        out.out(to_json(report), end="", highlight=False)
    else:
        tell(out, forensics_report_story(report, typed(options.model, options.revision)))
    return 0
