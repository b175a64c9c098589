"""A fleet told on a terminal: a line for each checkpoint, then what they come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from sanitizer.numbers import counted, span
from sanitizer.report import CheckpointRecord, FleetAnswer, FleetReport
from sanitizer.text import clean

if TYPE_CHECKING:
    from sanitizer.fleet.operation import Plan

_STYLE: Mapping[FleetAnswer, str] = {
    "done": "green",
    "refused": "bold red",
    "inconclusive": "bold yellow",
    "gate failed": "bold red",
}
MOST_TOLD = 20
"""Checkpoints whose trouble is told again at the end; the page has them all."""


def checkpoint_line(record: CheckpointRecord) -> Text:
    """`org/model: refused: weights.pickle-code in …, 1.2 s`."""
    took = "" if record.seconds is None else f", {span(record.seconds)}"
    again = "" if record.tries < 2 else f", {record.tries} tries"
    said = f": {clean(record.said)}" if record.said else ""
    return Text.assemble(f"{clean(record.name)}: ", (record.answer, _STYLE[record.answer]), f"{said}{took}{again}")


def fleet_plan_story(planned: Plan) -> Iterator[RenderableType]:
    """What `--dry-run` says."""
    waiting = {task.stem for task in planned.to_do}
    for task in planned.tasks:
        record = planned.finished.get(task.stem)
        state = ("to do        ", "bold") if record is None else (f"{record.answer:<13}", "dim")
        commit = f"  {task.commit[:12]}" if task.commit else ""
        yield Text.assemble(state, clean(task.entry.name), (commit, "dim"))
    yield Text(f"{counted(len(planned.tasks), 'checkpoint')}, {len(waiting)} to do. Nothing was run.")


def fleet_story(report: FleetReport, out: Path, *, page: str) -> Iterator[RenderableType]:
    """The counts, whatever is not done and why, and where everything lies."""
    for answer, number in reversed(report.counts.items()):
        if number:
            yield Text.assemble(f"  {number:>4}  ", (answer, _STYLE[answer]))
    if report.missing:
        yield Text.assemble(f"  {len(report.missing):>4}  ", ("not reached", "bold yellow"))
    trouble = [record for record in report.checkpoints if record.answer != "done"]
    for record in trouble[:MOST_TOLD]:
        yield checkpoint_line(record)
    if len(trouble) > MOST_TOLD:
        yield Text(f"and {len(trouble) - MOST_TOLD} more")
    yield Text()
    yield Text(f"  report      {out / page}", no_wrap=True)
    yield Text(f"  checkpoints {out / 'checkpoints'}", no_wrap=True)
