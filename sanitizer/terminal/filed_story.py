"""What a model's files say about its heads, told on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from sanitizer.report import ForensicsReport
from sanitizer.terminal.forensics_story import forensics_story
from sanitizer.terminal.found import findings_story, model_lines
from sanitizer.terminal.lines import code, line, note
from sanitizer.text import clean

NOT_ASKED = "By weights alone: what wakes a head is not asked, and a backdoor trained into all heads is not seen."


def forensics_report_story(report: ForensicsReport, model: str) -> Iterator[RenderableType]:
    """What came in, what was found, and what to do next; `model` is what was typed."""
    yield from model_lines(report.source, report.vetting.findings)
    base = report.base
    if base is not None:
        place = f" at commit {clean(base.commit)}" if base.commit else ""
        yield line("base", f"{clean(base.name)}{place}; cosine of the heads {base.similarity:.4f}")
        yield from findings_story(base.findings)
    yield from forensics_story(report.forensics)
    for warning in report.warnings:
        yield note(clean(warning))
    yield Text()
    yield Text(NOT_ASKED)
    if report.heads:
        yield Text("To take these heads out of the files, untuned and unmeasured:")
        yield code(f"sanitize forensics {model} --json > planted.json\nsanitize apply planted.json {model}")
    yield Text("To ask what heads do on text as well:")
    yield code(f"sanitize scan {model}")
