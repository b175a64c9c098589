"""Where a result is and what to do with it, told on a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from sanitizer.mark import RULE
from sanitizer.terminal.lines import code, line
from sanitizer.text import clean

if TYPE_CHECKING:
    from sanitizer.hub.push import PushRecord
    from sanitizer.pipeline import RunResult

LIMIT = "Only attention heads were treated: a backdoor that lives elsewhere in the model is still there."
OUTLASTED = "No treatment proves that a backdoor is gone: what no clean text shows may have outlasted this one."
FROM_BASE = "Weights were taken from the base: whatever it hides, and whatever clean texts carried over, is there."
MARKED = "It was made from a model that was backdoored on purpose, and keeps that mark: it is never pushed."


def whereabouts(result: RunResult) -> Iterator[RenderableType]:
    """Where everything lies, how to load and how to publish it, and what it does not show."""
    report, output = result.report, clean(str(result.output))
    yield line("result", output, whole=True)
    yield line("card", str(Path(output, "README.md")), whole=True)
    yield line("report", str(Path(output, "sanitizer", "report.html")), whole=True)
    yield line("as JSON", str(Path(output, "sanitizer", "report.json")), whole=True)
    if result.pushed is not None:
        yield from pushed_story(result.pushed)
    yield Text()
    if not report.passed:
        yield Text("A gate failed, so nothing was published. Ask for less, or for another strategy:", style="bold red")
        yield code("sanitize strategies")
        return
    from sanitizer.snippets import loading

    yield Text("To load it:")
    yield code(loading(report, output))
    yield Text(FROM_BASE if report.from_base else LIMIT if report.heads else OUTLASTED)
    if any(finding.rule == RULE for finding in report.vetting.findings):
        yield Text(MARKED)
    elif result.pushed is None:
        yield Text("To publish it:")
        yield code(f"sanitize push {shlex.quote(output)} --to org/name")


def pushed_story(pushed: PushRecord) -> Iterator[RenderableType]:
    """Where a result went."""
    verb = "already there" if pushed.unchanged else "pushed"
    yield line(verb, f"{clean(pushed.url)} at commit {clean(pushed.commit)}", whole=True)
    if pushed.pull_request is not None:
        yield line("review", clean(pushed.pull_request), whole=True)
