"""What a treatment cost: each metric before and after, with its intervals as a drawing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sanitizer.numbers import change, estimate
from sanitizer.report import Metric, RunReport

SPAN = 240
"""Units that a drawing is wide."""


@dataclass(frozen=True)
class Whisker:
    """An estimate with its interval, as places along a line."""

    low: float
    value: float
    high: float


@dataclass(frozen=True)
class Row:
    """One metric: what it was and is, in words and as whiskers on one line; `floor` is where the budget ends."""

    name: str
    before: str
    after: str
    change: str
    n: int
    was: Whisker | None
    now: Whisker | None
    floor: float | None


def costs(report: RunReport) -> tuple[Row, ...]:
    """Metrics by name, in the order of the report. The first one before the treatment is what the budget is about."""
    before, after = ({one.name: one for one in metrics} for metrics in (report.before, report.after))
    first = report.before[0].name if report.before else None
    return tuple(
        row_of(name, before.get(name), after.get(name), lowest(report) if name == first else None)
        for name in dict.fromkeys([*before, *after])
    )


def lowest(report: RunReport) -> float | None:
    """What the budget asks of the first metric on held-out data; None where there is none."""
    budget = report.recipe.budget
    if budget.min_accuracy is not None:
        return budget.min_accuracy
    if not report.before or budget.max_accuracy_drop is None:
        return None
    return report.before[0].value - budget.max_accuracy_drop


def changed(before: Metric, after: Metric) -> str:
    """`change` with a minus sign that is one."""
    return change(before, after).replace("-", "−")


def fewer(report: RunReport) -> str:
    """The change in parameters as a signed share; "" for none."""
    share = report.parameters_after / report.source.parameters - 1 if report.source.parameters else 0.0
    return f"{100 * share:+.2g} %".replace("-", "−") if share else ""


def row_of(name: str, before: Metric | None, after: Metric | None, floor: float | None = None) -> Row:
    """A metric before and after, where one of the two is there, with the least that is asked for if anything is."""
    both = [metric for metric in (before, after) if metric is not None]
    ends = [end for metric in both for end in (metric.low, metric.high)] + ([] if floor is None else [floor])
    return Row(
        name=name.replace("_", " "),
        before="" if before is None else estimate(before),
        after="" if after is None else estimate(after),
        change=changed(before, after) if before is not None and after is not None else "",
        n=both[-1].n,
        was=_whisker(before, ends),
        now=_whisker(after, ends),
        floor=None if floor is None else _place(floor, ends),
    )


def _whisker(metric: Metric | None, ends: Iterable[float]) -> Whisker | None:
    if metric is None:
        return None
    return Whisker(*(_place(value, ends) for value in (metric.low, metric.value, metric.high)))


def _place(value: float, ends: Iterable[float]) -> float:
    low, high = min(ends), max(ends)
    return round(6 + (SPAN - 12) * ((value - low) / (high - low) if high > low else 0.5), 1)
