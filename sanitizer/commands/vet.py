"""`sanitize vet MODEL`: may it be used as it is? Nothing is loaded, and torch is not even imported."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.console import Console

from sanitizer.commands.session import working
from sanitizer.commands.speech import INCOMPLETE, say
from sanitizer.commands.words import (
    OUTPUT,
    WHAT,
    gate_options,
    gate_words,
    output_option,
    quiet_or_verbose,
    revision_option,
    token_option,
)
from sanitizer.errors import UsageError
from sanitizer.files import replace_text
from sanitizer.options import VetOptions
from sanitizer.terminal.consoles import result
from sanitizer.vet.process import started

if TYPE_CHECKING:
    from sanitizer.formats.sarif import Anchor
    from sanitizer.report import VetReport

CODES = {"refused": 1, "inconclusive": INCOMPLETE, "passed": 0}
"""Answers to exit codes; of several answers the first counts."""
WIDE = 100
"""Columns of a text that is written into a file."""
FORMATS = ("text", "json", "sarif", "junit", "markdown")


@click.command("vet", short_help="Say whether MODEL may be used as it is.")
@click.argument("model", required=False)
@revision_option
@gate_options
@click.option(
    "--base",
    panel=WHAT,
    metavar="ID|DIR|card",
    help="The model that MODEL was made from, or `card` for the one its card names: are chat templates the same?",
)
@click.option(
    "--lock",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    panel=WHAT,
    help="Vet every model of a lock file (`sanitize lock`) at its commit, instead of MODEL.",
)
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
@output_option("output", "Write the answer into a file instead of on stdout.")
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
          sha256: (what `sha256sum FILE` prints, 64 digits)
          reason: the weights before their conversion; nothing here loads them
          expires: 2027-01-31

    \b
    Examples:
      sanitize vet org/model
      sanitize vet ./model --fail-on high --rebuild ./rebuilt
      sanitize vet ./model --policy accepted.yaml
      sanitize vet org/model --format sarif -o vet.sarif --anchor deploy.yaml:12
      sanitize vet --lock models.lock
    """
    form, lock = "json" if words["as_json"] else words["form"], words["lock"]
    _check(words, form)
    names = ("revision", "rebuild", "force", "token", "base")
    options = VetOptions(words["model"] or "", **{name: words[name] for name in names}, gate=gate_words(words))
    with working() as progress, started() as process:
        from sanitizer import vetting

        reports: tuple[VetReport, ...]
        if lock is None:
            reports = (vetting.vet(options, progress=progress, process=process),)
        else:
            reports = vetting.vet_locked(lock, options, progress=progress, process=process)
    _give(reports, form, words)
    for report in reports:
        if report.answer == "refused":
            say(f"error: {report.source} is refused", "`sanitize rules ID` says what a finding means")
        elif report.answer == "inconclusive":
            unknown = report.unknown[0] if report.unknown else "not everything could be checked"
            say(f"error: {report.source}: {unknown}", "")
    answers = [report.answer for report in reports]
    return next(code for answer, code in CODES.items() if answer in answers)


def _check(words: dict[str, Any], form: str) -> None:
    """Raises UsageError for words that contradict each other."""
    if (words["model"] is None) == (words["lock"] is None):
        raise UsageError("name a MODEL, or models with --lock FILE", hint="one of the two")
    for name in ("revision", "rebuild", "anchor", "base"):
        if words["lock"] is not None and words[name] is not None:
            raise UsageError(f"--{name} and --lock say the same thing twice", hint="leave one out")
    if words["anchor"] is not None and form != "sarif":
        raise UsageError("--anchor is for --format sarif", hint="add --format sarif")
    if words["anchor"] is not None:
        from sanitizer.formats.sarif import Anchor

        Anchor.parse(words["anchor"])


def _give(reports: tuple[VetReport, ...], form: str, words: dict[str, Any]) -> None:
    target = words["output"]
    if form == "text":
        _tell(reports, words, target)
    elif target is None:
        result().out(_document(reports, form, words), end="", highlight=False)
    else:
        replace_text(target, _document(reports, form, words))


def _tell(reports: tuple[VetReport, ...], words: dict[str, Any], target: Path | None) -> None:
    from sanitizer.terminal.lines import tell, typed
    from sanitizer.terminal.vet_story import vet_story

    page = result() if target is None else Console(file=StringIO(), width=WIDE, highlight=False)
    again = None if words["model"] is None else typed(words["model"], words["revision"])
    for report in reports:
        tell(page, vet_story(report, rebuilt=words["rebuild"], again=again))
    if target is not None:
        replace_text(target, page.file.getvalue())  # type: ignore[attr-defined]


def _document(reports: tuple[VetReport, ...], form: str, words: dict[str, Any]) -> str:
    match form:
        case "sarif":
            from sanitizer.formats.sarif import sarif
            from sanitizer.vet.rules import catalogue

            return sarif(reports, catalogue(), anchors=_anchors(words))
        case "junit":
            from sanitizer.formats.junit import junit

            return junit(reports)
        case "markdown":
            from sanitizer.formats.markdown import markdown

            return "\n".join(map(markdown, reports))
        case _:
            from sanitizer.report import VetReports
            from sanitizer.schema import to_json

            return to_json(reports[0] if words["lock"] is None else VetReports(reports))


def _anchors(words: dict[str, Any]) -> tuple[Anchor, ...]:
    """Where each model is pinned: the lines of the lock file, or the one place that the user names."""
    from sanitizer.formats.sarif import Anchor
    from sanitizer.lockfile import read_lock

    lock, anchor = words["lock"], words["anchor"]
    if lock is not None:
        return () if lock.is_absolute() else tuple(Anchor(lock.as_posix(), entry.line) for entry in read_lock(lock))
    return () if anchor is None else (Anchor.parse(anchor),)
