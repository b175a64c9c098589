"""What a run cost, told on a terminal: metrics before and after, a second scan, gates, remarks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from sanitizer.numbers import change, count, estimate, held, named, percent, span
from sanitizer.report import LeaningRecord, RunReport, ScanRecord
from sanitizer.terminal.forensics_story import in_short
from sanitizer.terminal.lines import note, table
from sanitizer.text import clean


def effect(report: RunReport) -> Iterator[RenderableType]:
    """Metrics with intervals, parameters, time and memory."""
    rows = table("", "before", "after", "change")
    after = {metric.name: metric for metric in report.after}
    for before in report.before:
        if before.name in after:
            then = after[before.name]
            rows.add_row(clean(before.name).replace("_", " "), estimate(before), estimate(then), change(before, then))
    cut = report.parameters_after / report.source.parameters - 1
    counts = (count(report.source.parameters), count(report.parameters_after))
    rows.add_row("parameters", *counts, f"{100 * cut:+.2g} %" if cut else "none")
    yield rows
    tested = max((metric.n for metric in report.after), default=0)
    total = sum(timing.seconds for timing in report.timings)
    most = "" if report.memory is None else f", at most {held(report.memory)}"
    yield Text(f"95 % intervals over {tested} held-out samples; {span(total)} in all{most}", style="dim")


def again(before: ScanRecord, after: ScanRecord, labels: Sequence[str]) -> Iterator[RenderableType]:
    """What the scan of the saved model shows beside that of the suspect."""
    rows = table("scanned again", "before", "after")
    for was, now in before.similarity_beside(after):
        where = "in a layer" if was.scope == "layer" else "across the model"
        rows.add_row(f"similarity {where}", f"{was.mean:.3f}", f"{now.mean:.3f}")
    for flip, then in before.flips_beside(after):
        rows.add_row(f"answers changed by {flip.control}", percent(flip.changed), percent(then.changed))
    for leant, leans in before.leaning_beside(after):
        other = "" if leans.label == leant.label else f" ({clean(named(leans.label, labels))})"
        name = f"leans to {clean(named(leant.label, labels))}, in / out"
        rows.add_row(name, _into_and_out(leant), f"{_into_and_out(leans)}{other}")
    if before.forensics is not None and after.forensics is not None:
        rows.add_row("heads that look planted", *map(in_short, (before.forensics, after.forensics)))
    yield rows


def _into_and_out(leaning: LeaningRecord) -> str:
    return f"{100 * leaning.into:.1f} / {100 * leaning.out:.1f} %"


def gates(report: RunReport) -> Iterator[RenderableType]:
    """Each gate, passed or failed."""
    for gate in report.gates:
        mark = ("passed", "green") if gate.passed else ("FAILED", "bold red")
        yield Text.assemble("  ", mark, f"  {clean(gate.name)}: {clean(gate.detail)}")


def warnings_lines(warnings: tuple[str, ...]) -> Iterator[RenderableType]:
    """What a reader must not miss."""
    for warning in warnings:
        yield note(clean(warning))
