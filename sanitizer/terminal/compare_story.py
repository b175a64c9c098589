"""The difference of two checkpoints, told on a terminal: what matters most of each kind, and how much more there is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sanitizer.differences import TENSORS, in_order, of_file, of_metric
from sanitizer.heads import HeadId
from sanitizer.numbers import count, counted, estimate
from sanitizer.report import (
    AnswersRecord,
    CompareReport,
    HeadChanges,
    SideRecord,
    TensorDifference,
    TensorsRecord,
)
from sanitizer.terminal.heatmap import Mark, heatmap
from sanitizer.terminal.lines import line
from sanitizer.text import clean

MOST = 12
"""Differences of a kind that are shown."""


def compare_story(report: CompareReport, *, colour: bool) -> Iterator[RenderableType]:
    """Both sides, then files, settings, tensors, heads and answers."""
    yield from _side("A", report.left)
    yield from _side("B", report.right)
    yield Text()
    if not (report.files or report.settings or report.tensors.differences):
        yield Text("No file, no setting and no tensor differs.", style="bold")
    yield from _files(report)
    yield from _settings(report)
    yield from _tensors(report.tensors)
    if report.heads is not None and (report.tensors.differences or report.heads.left_only):
        yield Text()
        yield from _heads(report.heads, colour)
    if report.answers is not None:
        yield Text()
        yield from _answers(report.answers)
    for note in report.notes:
        yield _note(note)


def _side(label: str, side: SideRecord) -> Iterator[RenderableType]:
    heads = (
        "heads not known" if side.heads is None else f"{sum(side.heads)} heads in {counted(len(side.heads), 'layer')}"
    )
    at = f" at {clean(side.commit)}" if side.commit else ""
    yield Text.assemble((f"{label}  ", "bold"), (clean(side.name), "bold"), at)
    about = f"{clean(side.architecture)} ({clean(side.model_type)}), {heads}, {count(side.parameters)} parameters"
    yield line("model", about)
    yield line("sha256", side.digest)
    yield line("vetting", counted(len(side.findings), "finding"))


def _files(report: CompareReport) -> Iterator[RenderableType]:
    yield line("files", f"{report.same_files} with equal bytes, {len(report.files)} not")
    yield from _some([f"{clean(file.name)}: {of_file(file)}" for file in report.files])


def _settings(report: CompareReport) -> Iterator[RenderableType]:
    yield line("settings", counted(len(report.settings), "difference"))
    yield from _some(
        [
            f"{clean(found.file)} {clean(found.key)}: " + " → ".join(map(_value, (found.left, found.right)))
            for found in report.settings
        ]
    )


def _value(text: str | None) -> str:
    return "absent" if text is None else clean(text)


def _tensors(tensors: TensorsRecord) -> Iterator[RenderableType]:
    kinds = Counter(difference.what for difference in tensors.differences)
    told = [
        f"{tensors.equal} equal bit by bit",
        *(f"{kinds[kind]} {word}" for kind, word in TENSORS.items() if kinds[kind]),
    ]
    yield line("tensors", ", ".join(told))
    yield from _some([_tensor(difference) for difference in in_order(tensors.differences)])


def _tensor(found: TensorDifference) -> str:
    name = clean(found.name)
    if found.what != "changed":
        forms = " → ".join(form for form in (found.left, found.right) if form)
        return f"{name}: {TENSORS[found.what]}, {forms}"
    recast = f", {found.left} → {found.right}" if found.left != found.right else ""
    if found.relative is None:
        return f"{name}: changed, by no finite share of its norm{recast}"
    largest = f", a weight by {found.largest:.2g} at most" if found.largest is not None else ""
    return f"{name}: changed by {100 * found.relative:.2g} % of its norm{largest}{recast}"


def _heads(heads: HeadChanges, colour: bool) -> Iterator[RenderableType]:
    yield Text("Change of each head's weights, as a share of their norm in A", style="bold")
    marks: dict[HeadId, Mark] = {
        **dict.fromkeys(heads.left_only, "removed"),
        **dict.fromkeys(heads.right_only, "added"),
        **dict.fromkeys(heads.zeroed, "zeroed"),
    }
    grid = tuple(tuple(math.nan if value is None else value for value in row) for row in heads.change)
    yield heatmap(grid, outcomes=marks, colour=colour, of="change")
    counts = Counter(marks.values())
    if counts:
        yield Text(", ".join(f"{number} {mark}" for mark, number in sorted(counts.items())), style="dim")


def _answers(answers: AnswersRecord) -> Iterator[RenderableType]:
    yield Text(f"On {counted(answers.texts, 'text')} of {clean(answers.data)}", style="bold")
    if answers.largest is not None and answers.mean is not None:
        yield line("logits", f"differ by {answers.mean:.3g} on average, by {answers.largest:.3g} at most")
    if answers.agreement is not None:
        agreement = answers.agreement
        interval = f"({100 * agreement.low:.1f}–{100 * agreement.high:.1f})"
        yield line("agreement", f"{100 * agreement.value:.1f} % {interval} of predictions")
    if answers.metrics:
        table = Table(box=None, pad_edge=False, padding=(0, 1))  # 80 columns
        for index, header in enumerate(("", "A", "B", "change")):
            table.add_column(header, justify="left" if index == 0 else "right", no_wrap=index < 3)
        for row in answers.metrics:
            name = clean(row.left.name).replace("_", " ")
            table.add_row(name, estimate(row.left), estimate(row.right), of_metric(row))
        yield table
        yield Text("95 % intervals; changes of shares are in points, and paired text by text", style="dim")
    for note in answers.notes:
        yield _note(note)


def _some(texts: Sequence[str]) -> Iterator[RenderableType]:
    for text in texts[:MOST]:
        yield Text(f"    {text}")
    if len(texts) > MOST:
        yield Text(f"    and {len(texts) - MOST} more, all of them in --json", style="dim")


def _note(text: str) -> Text:
    return Text.assemble("  ", ("note", "yellow"), f"    {clean(text)}")
