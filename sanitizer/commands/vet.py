"""`sanitize vet MODEL`: may it be used as it is? Nothing is loaded, and torch is not even imported."""

from __future__ import annotations

import os
import tempfile
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.console import Console

from sanitizer.commands.session import working
from sanitizer.commands.speech import INCOMPLETE, say
from sanitizer.commands.words import OUTPUT, gate_options, gate_words, quiet_or_verbose, revision_option, token_option
from sanitizer.errors import UsageError
from sanitizer.options import VetOptions
from sanitizer.terminal.consoles import result

if TYPE_CHECKING:
    from sanitizer.report import VetReport

CODES = {"passed": 0, "refused": 1, "inconclusive": INCOMPLETE}
WIDE = 100
"""Columns of a text that is written into a file."""
FORMATS = ("text", "json", "sarif", "junit", "markdown")


@click.command("vet", short_help="Say whether MODEL may be used as it is.")
@click.argument("model")
@revision_option
@gate_options
@click.option(
    "--rebuild",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    panel=OUTPUT,
    help="Write the copy without whatever is not understood.",
)
@click.option("--force", is_flag=True, panel=OUTPUT, help="Replace what lies in the folder of --rebuild.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    panel=OUTPUT,
    help="How the answer is written.",
)
@click.option("--json", "as_json", is_flag=True, panel=OUTPUT, help="The same as --format json.")
@click.option(
    *("-o", "--output"),
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    panel=OUTPUT,
    help="Write the answer into a file instead of on stdout.",
)
@click.option(
    "--anchor",
    metavar="FILE[:LINE]",
    panel=OUTPUT,
    help="For SARIF: where your repository pins the model; findings are shown there.",
)
@quiet_or_verbose
@token_option
def vet(**words: Any) -> int:
    """Vet every file of MODEL and say whether it may be used as it is. Nothing of it is loaded or run.

    Exit codes: 0 no finding of --fail-on or graver, 1 there is one, 3 something could not be checked.

    \b
    A policy:
      waivers:
        - rule: weights.pickle-unread
          sha256: (of the file, 64 digits; in the JSON report)
          reason: the weights before their conversion; nothing here loads them
          expires: 2027-01-31

    \b
    Examples:
      sanitize vet org/model
      sanitize vet ./model --fail-on high --rebuild ./rebuilt
      sanitize vet ./model --policy accepted.yaml
      sanitize vet org/model --revision v1 --format sarif -o vet.sarif --anchor deploy.yaml:12
    """
    form, model = "json" if words["as_json"] else words["form"], words["model"]
    if words["anchor"] is not None and form != "sarif":
        raise UsageError("--anchor is for --format sarif", hint="add --format sarif")
    names = ("model", "revision", "rebuild", "force", "token")
    options = VetOptions(**{name: words[name] for name in names}, gate=gate_words(words))
    with working() as progress:
        from sanitizer import vetting

        report = vetting.vet(options, progress=progress)
    anchor, target = words["anchor"], words["output"]
    if form == "text":
        _tell(report, words["rebuild"], target)
    elif target is None:
        result().out(_document(report, form, anchor), end="", highlight=False)
    else:
        _save(target, _document(report, form, anchor))
    if report.answer == "refused":
        say(f"error: {model} is refused", "`sanitize rules ID` says what a finding means")
    elif report.answer == "inconclusive":
        say(f"error: {report.unknown[0] if report.unknown else 'not everything could be checked'}", "")
    return CODES[report.answer]


def _tell(report: VetReport, rebuilt: Path | None, target: Path | None) -> None:
    from sanitizer.terminal.story import tell
    from sanitizer.terminal.vet_story import vet_story

    if target is None:
        tell(result(), vet_story(report, rebuilt=rebuilt))
        return
    page = Console(file=StringIO(), width=WIDE, highlight=False)
    tell(page, vet_story(report, rebuilt=rebuilt))
    _save(target, page.file.getvalue())  # type: ignore[attr-defined]


def _document(report: VetReport, form: str, anchor: str | None) -> str:
    match form:
        case "sarif":
            from sanitizer.formats.sarif import Anchor, sarif
            from sanitizer.vet.rules import catalogue

            return sarif(report, catalogue(), anchor=Anchor.parse(anchor) if anchor is not None else None)
        case "junit":
            from sanitizer.formats.junit import junit

            return junit(report)
        case "markdown":
            from sanitizer.formats.markdown import markdown

            return markdown(report)
        case _:
            from sanitizer.schema import to_json

            return to_json(report)


def _save(target: Path, text: str) -> None:
    """In one move: a reader finds the whole answer, or what was there before."""
    try:
        handle, draft = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise UsageError(f"{target.parent} cannot be written to: {error.strerror}", hint="choose another -o") from error
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
    Path(draft).chmod(0o644)
    Path(draft).replace(target)
