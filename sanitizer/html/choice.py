"""How heads were chosen: the distribution of their scores with the cut, and the questions the plan asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from sanitizer.heads import HeadId
from sanitizer.report import PlanRecord, RunReport

WIDTH, HEIGHT = 400, 190
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 14, 26
"""Margins of a chart; all lengths are in units of its drawing, about a CSS pixel."""
BINS = 24
SKEWED = 50
"""A greatest score that is so many times the least is drawn on a logarithmic axis."""


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high`, drawn from `start` to `end`; `whole` ones have no ticks between them."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    whole: bool = False

    def at(self, value: float) -> float:
        """Where a value is drawn."""
        low, high, value = (log10(x) if self.log else x for x in (self.low, self.high, value))
        share = (value - low) / (high - low) if high > low else 0.5
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, most: int = 5) -> tuple[tuple[float, str], ...]:
        """Place and text of round values: multiples of 1, 2 or 5 times a power of ten."""
        values = _decades(self.low, self.high) if self.log else _round_values(self.low, self.high, most, self.whole)
        return tuple((self.at(value), f"{value:g}") for value in values)


@dataclass(frozen=True)
class Bar:
    """The heads of one bin: the lower part was kept, the upper one went."""

    x: float
    width: float
    kept: int
    gone: int
    title: str


@dataclass(frozen=True)
class Distribution:
    """Scores in bins. `cut` is where the highest score that went is; `under` counts kept heads of lower scores."""

    x: Axis
    y: Axis
    bars: tuple[Bar, ...]
    cut: float | None
    highest: float | None
    under: int


@dataclass(frozen=True)
class Question:
    """One step of the plan as a point."""

    x: float
    y: float
    accepted: bool
    title: str


@dataclass(frozen=True)
class Search:
    """The metric on validation data over heads gated off: what was asked, the threshold, and where it ended."""

    x: Axis
    y: Axis
    questions: tuple[Question, ...]
    threshold: float
    suspect: float
    chosen: tuple[float, float]


def distribution(report: RunReport) -> Distribution:
    """The scores of the plan, told apart by what became of the heads."""
    scores, gone = report.plan.scores, {record.head for record in report.heads}
    values = {head: scores[head] for head in scores.heads()}
    low, high = min(values.values(), default=0.0), max(values.values(), default=0.0)
    x = Axis(low, high, LEFT, WIDTH - RIGHT, log=low > 0 and high / low >= SKEWED)
    bins: list[list[HeadId]] = [[] for _ in range(BINS)]
    for head, value in values.items():
        place = (x.at(value) - x.start) / (x.end - x.start)
        bins[min(int(place * BINS), BINS - 1)].append(head)
    y = Axis(0, max(map(len, bins)), HEIGHT - BOTTOM, TOP, whole=True)
    wide = (x.end - x.start) / BINS
    bars = tuple(
        Bar(
            round(x.start + place * wide + 0.5, 1),
            round(wide - 1, 1),
            len(heads) - (went := sum(head in gone for head in heads)),
            went,
            f"{min(map(scores.__getitem__, heads)):.3g} to {max(map(scores.__getitem__, heads)):.3g}: "
            f"{len(heads) - went} kept, {went} not",
        )
        for place, heads in enumerate(bins)
        if heads
    )
    highest = max((values[head] for head in gone if head in values), default=None)
    under = 0 if highest is None else sum(value < highest for head, value in values.items() if head not in gone)
    return Distribution(x, y, bars, None if highest is None else x.at(highest), highest, under)


def search(plan: PlanRecord) -> Search:
    """The questions of a plan that asked any."""
    levels = [plan.suspect, plan.threshold, plan.achieved, *(step.metric for step in plan.steps)]
    room = 0.08 * (max(levels) - min(levels)) or 0.01
    x = Axis(0, max((step.heads for step in plan.steps), default=1), LEFT, WIDTH - RIGHT - 6, whole=True)
    y = Axis(100 * (min(levels) - room), 100 * (max(levels) + room), HEIGHT - BOTTOM, TOP)
    questions = tuple(
        Question(
            x.at(step.heads),
            y.at(100 * step.metric),
            step.accepted,
            f"{step.heads} heads: {100 * step.metric:.1f} % after {step.texts} texts, "
            f"{'accepted' if step.accepted else 'rejected'}",
        )
        for step in plan.steps
    )
    chosen = (x.at(len(plan.remove)), y.at(100 * plan.achieved))
    return Search(x, y, questions, y.at(100 * plan.threshold), y.at(100 * plan.suspect), chosen)


def _round_values(low: float, high: float, most: int, whole: bool) -> Sequence[float]:
    if high <= low:
        return [low]
    rough = max((high - low) / most, 1.0 if whole else 0.0)
    power = 10.0 ** floor(log10(rough))
    stride = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    return [round(number * stride, 12) for number in range(ceil(low / stride), floor(high / stride) + 1)]


def _decades(low: float, high: float) -> Sequence[float]:
    """Powers of ten, and twice and five times these where there are few."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    factors = (1, 2, 5) if len(powers) < 4 else (1,)
    return [value for power in powers for factor in factors if low <= (value := factor * 10.0**power) <= high]
