"""How the command line ends: one line on stderr for what went wrong, and the exit code that belongs to it."""

from __future__ import annotations

import re
import traceback

import click
from rich.text import Text

from sanitizer import processes
from sanitizer.errors import PeerError, RefusedError, ResourceError, SanitizerError, exit_code_of
from sanitizer.resources.memory import out_of_memory
from sanitizer.terminal.consoles import aside
from sanitizer.text import clean

INCOMPLETE, INTERRUPTED = 3, 130

VERBOSITY = "sanitizer.verbosity"
"""Key of the click context: -1 quiet, 0, 1 verbose."""

_TOKEN = re.compile(r"hf_[A-Za-z0-9]{6,}")


def ended(error: BaseException, *, verbose: bool) -> int:
    """Say why the process ends and return its exit code. A traceback is for `-v` alone.

    Of several processes of one run the one that failed first speaks or, where all fail alike, the first of them.
    """
    if isinstance(error, PeerError) or (processes.rank() and not getattr(error, "failed_first", False)):
        return INTERRUPTED if isinstance(error, click.Abort) else exit_code_of(error)
    if verbose and not isinstance(error, KeyboardInterrupt | click.Abort):
        aside().print(Text(redacted("".join(traceback.format_exception(error)))), soft_wrap=True)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        say("interrupted", "nothing half-written is left behind; run the same command again")
        return INTERRUPTED
    if isinstance(error, SanitizerError):
        return _expected(error)
    if out_of_memory(error):
        hint = "try a smaller --batch-size, --device cpu, or --max-memory; --dry-run says what is needed"
        return _expected(ResourceError("out of memory", hint=hint))
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        say(f"error: {error.strerror}{place}", "")
        return INCOMPLETE
    what = f"{type(error).__name__}: {error}"
    say(f"error: {what}", "this is a bug, please report it with the output of `sanitize doctor`; -v shows where")
    return INCOMPLETE


def misused(error: click.ClickException) -> int:
    """A command line that click could not read. Of several processes the first says so."""
    if processes.rank():
        return error.exit_code
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "sanitize"
    say(f"error: {error.format_message().rstrip('.')}", f"`{path} --help` shows how")
    return error.exit_code


def say(message: str, hint: str) -> None:
    """One line on stderr: the message, and what to do."""
    line = Text.assemble((clean(redacted(message)), "bold"), f"; {clean(redacted(hint))}" if hint else "")
    aside().print(line, soft_wrap=True)


def redacted(text: str) -> str:
    """Without access tokens: an HTTP library may quote the header it refuses."""
    return _TOKEN.sub("hf_***", text)


def _expected(error: SanitizerError) -> int:
    say(f"error: {error.message}", error.hint)
    if isinstance(error, RefusedError):
        from sanitizer.terminal.found import findings_story
        from sanitizer.terminal.lines import tell

        tell(aside(), findings_story(error.findings))
    return error.exit_code
