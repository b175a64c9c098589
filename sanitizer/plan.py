"""Choosing heads inside a budget: pure logic, no torch.

Source: the common loop of Chapagain et al. 2508.20032 (remove the lowest-scored heads in steps while validation
accuracy holds). Departures: the threshold is relative to the suspect's own metric, a layer never loses its last head,
and a step that breaks the budget is bisected instead of ending the search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sanitizer.errors import UsageError
from sanitizer.heads import HeadId, HeadScores
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
    """The heads to remove, least worth keeping first, and how they were chosen.

    `suspect` and `metric` are the metric on all validation texts with every head, and without the chosen ones.
    """

    remove: tuple[HeadId, ...]
    scores: HeadScores
    budget: Budget
    suspect: float
    metric: float
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


def choose(scores: HeadScores, budget: Budget, judge: Judge, *, step: int = 10) -> TreatmentPlan:
    """Take the longest run of lowest-scored heads that stays in the budget, in strides of `step`, then bisecting.

    The judge may decide from a part of its texts; the final choice is confirmed on all of them, and should it fail
    there, which is rare, every question is asked again in full. With true answers a larger budget removes a superset:
    every prefix that holds under a smaller drop holds under a larger one, and both searches ask the same questions
    until the first one where they differ.
    """
    order = admissible(scores, budget)
    suspect = judge.exact(())
    least = suspect - budget.accuracy_drop
    asked: list[PlanStep] = []

    def hastily(count: int) -> Answer:
        return judge.ask(order[:count], least)

    def fully(count: int) -> Answer:
        metric = judge.exact(order[:count])
        return Answer(metric, metric >= least - ROUNDING, judge.texts)

    def asking(answers: Callable[[int], Answer]) -> Callable[[int], bool]:
        def holds(count: int) -> bool:
            answer = answers(count)
            asked.append(PlanStep(count, answer.metric, answer.accepted, answer.texts))
            return answer.accepted

        return holds

    kept = _longest(len(order), step, asking(hastily))
    if kept and not fully(kept).accepted:
        kept = _longest(len(order), step, asking(fully))
    return TreatmentPlan(order[:kept], scores, budget, suspect, judge.exact(order[:kept]), tuple(asked))


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
