"""Choosing heads inside a budget: pure logic, no torch.

Source: the common loop of Chapagain et al. 2508.20032 (remove the lowest-scored heads in steps while validation
accuracy holds). Departures: the threshold is relative to the suspect's own metric unless an absolute one is asked for,
a layer never loses its last head, and a step that breaks the budget is bisected instead of ending the search. The quota
is for implants that sit one in every layer (HPMI, arXiv 2508.10243), which a ranking over all layers can miss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sanitizer.errors import UsageError
from sanitizer.heads import HeadId, HeadScores, ScoreOrigin
from sanitizer.report import PlanStep

# Budgets and accuracies are decimal fractions of a count of texts, and 0.89 - 0.87 is more than 0.02 in binary.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Answer:
    """Whether a mask stays above a metric, the metric (an estimate if not all texts were asked), and how many were."""

    metric: float
    accepted: bool
    texts: int


class Judge(Protocol):
    """Who answers about masks, by a metric on validation texts (higher is better)."""

    @property
    def texts(self) -> int:
        """How many texts there are."""

    def ask(self, without: Sequence[HeadId], least: float) -> Answer:
        """Whether the metric with these heads gated off is at least `least`, from as many texts as it takes."""

    def exact(self, without: Sequence[HeadId]) -> float:
        """The metric with these heads gated off, on all texts."""


@dataclass(frozen=True)
class Budget:
    """What may be spent: accuracy on validation data, and heads.

    An absolute floor replaces the relative drop: where `min_accuracy` is given, `max_accuracy_drop` is not looked at.
    The drop is relative to the metric of the model that is scored, with every head in place. `per_layer` is a quota:
    candidates come in rounds, one of each layer, and no layer loses more than that many. `step` is heads per stride.
    """

    max_accuracy_drop: float = 0.02
    max_heads: int | None = None
    floor_per_layer: int = 1
    min_accuracy: float | None = None
    per_layer: int | None = None
    step: int = 10

    def __post_init__(self) -> None:
        if not 0 <= self.max_accuracy_drop <= 1:
            raise UsageError(
                f"an accuracy drop of {self.max_accuracy_drop} is not a share", hint="give 0.02 for two points"
            )
        if self.min_accuracy is not None and not 0 <= self.min_accuracy <= 1:
            raise UsageError(f"an accuracy of {self.min_accuracy} is not a share", hint="give 0.85 for 85 %")
        if self.max_heads is not None and self.max_heads < 0:
            raise UsageError("the number of heads to remove cannot be negative")
        if self.floor_per_layer < 0:
            raise UsageError("the number of heads to keep per layer cannot be negative")
        if self.per_layer is not None and self.per_layer < 1:
            raise UsageError("per_layer must be at least 1", hint="max_heads: 0 removes nothing")
        if self.step < 1:
            raise UsageError("step must be at least 1")

    def threshold(self, suspect: float) -> float:
        """The least metric allowed, if that of the model that is scored is `suspect`."""
        return suspect - self.max_accuracy_drop if self.min_accuracy is None else self.min_accuracy

    def holds(self, metric: float, suspect: float) -> bool:
        """Whether `metric` is within the budget. What is not a number is not."""
        return metric >= self.threshold(suspect) - ROUNDING


@dataclass(frozen=True)
class TreatmentPlan:
    """The heads to remove, in the order they were chosen, and how that was done.

    `suspect` and `metric` are the metric on all validation texts of the model that was scored, with every head and
    without the chosen ones.
    """

    remove: tuple[HeadId, ...]
    scores: HeadScores
    budget: Budget
    suspect: float
    metric: float
    steps: tuple[PlanStep, ...] = ()

    @classmethod
    def nothing(cls, heads: Sequence[int], budget: Budget) -> TreatmentPlan:
        """What is planned before anything is scored, for layers of so many heads: none goes, none is worth more."""
        scores = HeadScores(tuple((0.0,) * count for count in heads), ScoreOrigin("none", ""))
        return cls((), scores, budget, math.nan, math.nan)

    @property
    def threshold(self) -> float:
        """The least metric the budget allows."""
        return self.budget.threshold(self.suspect)


def admissible(scores: HeadScores, budget: Budget) -> tuple[HeadId, ...]:
    """Heads that may go, least worth keeping first: any prefix leaves `floor_per_layer` heads in each layer.

    Of scores that name the heads that may go, these alone.

    Under a quota the lowest of every layer come first, by score, then the second lowest of every layer, and so on: a
    smaller quota's heads are a prefix of a larger one's.
    """
    taken = [0] * len(scores.grid)
    rounds: list[tuple[int, HeadId]] = []
    for head in scores.ranking():
        if scores.only is not None and head not in scores.only:
            continue
        spare = len(scores.grid[head.layer]) - budget.floor_per_layer
        if taken[head.layer] < (spare if budget.per_layer is None else min(spare, budget.per_layer)):
            rounds.append((taken[head.layer], head))
            taken[head.layer] += 1
    if budget.per_layer is not None:
        rounds.sort(key=lambda entry: entry[0])
    return tuple(head for _, head in rounds[: budget.max_heads])


def choose(scores: HeadScores, budget: Budget, judge: Judge) -> TreatmentPlan:
    """Take the longest run of admissible heads that stays in the budget, in strides of `step`, then bisecting.

    The judge may decide from a part of its texts; the final choice is confirmed on all of them, and should it fail
    there, the search goes on as if that had been the answer. With true answers a larger budget removes a superset:
    every prefix that holds under a higher threshold holds under a lower one, and both searches ask the same questions
    until the first one where they differ. More heads allowed, by `max_heads` or by quota, give a superset while the
    metric falls with every head: the smaller run's last stride may be a shorter one, which the larger does not ask of.
    """
    order = admissible(scores, budget)
    suspect = judge.exact(())
    least = budget.threshold(suspect)
    asked: list[PlanStep] = []

    held: dict[int, bool] = {}

    def holds(count: int) -> bool:
        if count not in held:
            answer = judge.ask(order[:count], least)
            asked.append(PlanStep(count, answer.metric, answer.accepted, answer.texts))
            held[count] = answer.accepted
        return held[count]

    while True:
        kept = _longest(len(order), budget.step, holds)
        metric = judge.exact(order[:kept])
        if kept == 0 or budget.holds(metric, suspect):
            return TreatmentPlan(order[:kept], scores, budget, suspect, metric, tuple(asked))
        asked.append(PlanStep(kept, metric, False, judge.texts))
        held[kept] = False


def _longest(total: int, step: int, holds: Callable[[int], bool]) -> int:
    """How many heads hold: strides until one breaks, which is then bisected."""
    kept = 0
    for end in range(step, total + step, step):
        end = min(end, total)
        if holds(end):
            kept = end
            continue
        broken = end
        while broken - kept > 1:
            middle = (kept + broken) // 2
            if holds(middle):
                kept = middle
            else:
                broken = middle
        break
    return kept
