"""A report told on a terminal: what came in, what was found and done, what it cost, what to do next.

Everything is a `Text` of its own, never markup, and whatever a stranger named goes through `clean`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from sanitizer.report import ScanReport
from sanitizer.terminal.cost import again, effect, gates, warnings_lines
from sanitizer.terminal.done import budget_lines, treated_lines
from sanitizer.terminal.found import ALONE, ablation_map, base_lines, classes, clear, origin, similarity
from sanitizer.terminal.heatmap import heatmap
from sanitizer.terminal.inputs_story import inputs_story
from sanitizer.terminal.lines import code, heading, typed
from sanitizer.terminal.onward import whereabouts

if TYPE_CHECKING:
    from sanitizer.pipeline import RunResult


def run_story(result: RunResult, *, colour: bool) -> Iterator[RenderableType]:
    """The story of `sanitize MODEL`."""
    report = result.report
    yield from origin(report.source, report.data, report.vetting.findings)
    yield from base_lines(report)
    yield from similarity(report.scan, report.source.labels)
    yield from budget_lines(report)
    yield from treated_lines(report, colour)
    if report.scan.ablation:
        treated = {record.head for record in report.heads}
        yield heading("What clean accuracy changed by without each of them alone" if treated else ALONE)
        yield from clear([found for found in report.scan.ablation if not treated or found.head in treated])
    yield Text()
    yield from effect(report)
    yield from gates(report)
    yield from warnings_lines(report.warnings)
    if report.scan_after is not None:
        yield Text()
        yield from again(report.scan, report.scan_after, report.source.labels)
    yield Text()
    yield from whereabouts(result)


def scan_story(
    report: ScanReport, *, model: str, revision: str | None = None, colour: bool
) -> Iterator[RenderableType]:
    """The story of `sanitize scan`; `model` and `revision` are what was typed."""
    yield from origin(report.source, report.data, report.vetting.findings)
    yield from base_lines(report)
    yield from similarity(report.scan, report.source.labels)
    yield Text()
    yield heading("Importance of each head for clean text")
    yield heatmap(report.scan.importance, colour=colour, of="importance")
    yield Text()
    yield heading("Mean similarity of each head's attention to the other heads")
    yield heatmap(report.scan.mean_similarity, colour=colour, of="similarity")
    yield Text()
    yield from classes(report.scan.safety, colour)
    if report.scan.ablation:
        yield Text()
        yield from ablation_map(report.scan.ablation, report.scan.safety.score, colour)
    if report.inputs is not None:
        yield Text()
        yield from inputs_story(report.inputs)
    yield from warnings_lines(report.warnings)
    yield Text()
    yield Text("A scan describes; it does not acquit. To treat this checkpoint:")
    yield code(f"sanitize {typed(model, revision)}")
