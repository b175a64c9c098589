"""Choosing heads inside a budget: pure logic, no torch.

Source: the common loop of Chapagain et al. 2508.20032 (remove the lowest-scored heads in steps while validation
accuracy holds). Departures: the threshold is relative to the suspect's own metric, a layer never loses its last head,
and a step that breaks the budget is bisected instead of ending the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sanitizer.errors import UsageError
from sanitizer.heads import HeadId, HeadScores
from sanitizer.report import PlanStep

Evaluate = Callable[[tuple[HeadId, ...]], float]
"""The metric on validation data (higher is better) with these heads gated off."""


@dataclass(frozen=True)
class Budget:
    """What may be spent: accuracy (a drop relative to the suspect) and heads, with a floor of heads per layer."""

    accuracy_drop: float = 0.02
    max_heads: int | None = None
    floor_per_layer: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.accuracy_drop <= 1:
            raise UsageError(
                f"an accuracy drop of {self.accuracy_drop} is not a share", hint="give 0.02 for two points"
            )
        if self.max_heads is not None and self.max_heads < 0:
            raise UsageError("the number of heads to remove cannot be negative")
        if self.floor_per_layer < 0:
            raise UsageError("the number of heads to keep per layer cannot be negative")


@dataclass(frozen=True)
class TreatmentPlan:
    """The heads to remove, least worth keeping first, and how they were chosen."""

    remove: tuple[HeadId, ...]
    scores: HeadScores
    budget: Budget
    suspect: float
    steps: tuple[PlanStep, ...] = ()

    @property
    def threshold(self) -> float:
        """The least metric the budget allows."""
        return self.suspect - self.budget.accuracy_drop


def admissible(scores: HeadScores, budget: Budget) -> tuple[HeadId, ...]:
    """Heads that may go, least worth keeping first: any prefix leaves `floor_per_layer` heads in each layer."""
    left = [len(row) for row in scores.grid]
    chosen = []
    for head in scores.ranking():
        if left[head.layer] > budget.floor_per_layer:
            left[head.layer] -= 1
            chosen.append(head)
    return tuple(chosen if budget.max_heads is None else chosen[: budget.max_heads])


def choose(scores: HeadScores, budget: Budget, evaluate: Evaluate, *, step: int = 10) -> TreatmentPlan:
    """Take the longest run of lowest-scored heads that stays in the budget, in strides of `step`, then bisecting.

    A larger budget removes a superset: every prefix that holds under a smaller drop holds under a larger one, and both
    searches ask the same questions until the first one where they differ.
    """
    order = admissible(scores, budget)
    suspect = evaluate(())
    asked: list[PlanStep] = []

    def holds(count: int) -> bool:
        metric = evaluate(order[:count])
        accepted = metric >= suspect - budget.accuracy_drop
        asked.append(PlanStep(count, metric, accepted))
        return accepted

    kept = 0
    for end in _strides(len(order), step):
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
    return TreatmentPlan(order[:kept], scores, budget, suspect, tuple(asked))


def _strides(total: int, step: int) -> Iterable[int]:
    return (min(end, total) for end in range(step, total + step, step)) if total else ()
