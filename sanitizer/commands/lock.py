"""`sanitize lock MODEL...`: pin models to commits."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from sanitizer.commands.session import working
from sanitizer.commands.words import output_option, quiet_or_verbose, token_option
from sanitizer.files import replace_text
from sanitizer.terminal.consoles import result


@click.command("lock", short_help="Pin models to commits, for `vet --lock`.")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@output_option("output", "Write them into a file, such as models.lock, instead of on stdout.")
@quiet_or_verbose
@token_option
def lock(models: tuple[str, ...], output: Path | None, token: str | None) -> int:
    """Ask the Hub which commit each MODEL (org/name or hf://org/name@revision) is at, and write one line for each.

    \b
    Examples:
      sanitize lock org/model hf://org/other@v2 -o models.lock
      sanitize vet --lock models.lock
    """
    with working():
        from sanitizer import vetting

        text = vetting.lock(models, token=token)
    if output is None:
        result().out(text, end="", highlight=False)
    else:
        replace_text(output, text)
    return 0
