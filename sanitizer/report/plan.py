"""What was chosen: the strategy, the budget, the heads, and the treatments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sanitizer.heads import HeadId, HeadScores


@dataclass(frozen=True)
class ProgressRecord:
    """How far a guard came: inputs looked at, how many of them were flagged, how many long (in chunks), or empty."""

    inputs: int
    flagged: int
    long: int
    empty: int
    kind: Literal["progress"] = "progress"


@dataclass(frozen=True)
class StrategyRecord:
    """Which strategy with which parameters, and the paper it cites."""

    name: str
    version: str
    parameters: dict[str, Any]
    citation: str


@dataclass(frozen=True)
class BudgetRecord:
    """What a run may spend, by the metric on validation data: exactly one of the first two is given.

    `max_accuracy_drop` is relative to the metric of the model that is scored, `min_accuracy` absolute. `per_layer` is
    the most heads a layer may lose, taken in rounds, `floor_per_layer` what it keeps; `step` is heads per stride.
    """

    max_accuracy_drop: float | None
    min_accuracy: float | None
    max_heads: int | None
    per_layer: int | None
    floor_per_layer: int
    step: int


@dataclass(frozen=True)
class DecisionRecord:
    """Why `--strategy auto` took the recipe that it took: sentences."""

    reasons: tuple[str, ...]


@dataclass(frozen=True)
class RecipeRecord:
    """Everything that decides the outcome: the same recipe on the same source and data gives the same bytes."""

    strategy: StrategyRecord
    prepare: tuple[str, ...]
    treatments: tuple[str, ...]
    budget: BudgetRecord
    layout: Literal["compact", "dense"]
    seed: int
    dtype: str
    batch_size: int


@dataclass(frozen=True)
class PlanStep:
    """One question the plan asked: with this many heads gated off, does the metric on validation data hold?

    `texts` is how many it took to tell; where that is not all of them, the metric is an estimate.
    """

    heads: int
    metric: float
    accepted: bool
    texts: int


@dataclass(frozen=True)
class PlanRecord:
    """The scores, the heads chosen for removal in the order they were chosen, and the questions asked.

    `suspect` and `achieved` are the metric on all validation texts of the model that was scored, with every head and
    without the chosen ones; each step was decided by a sequential test that errs with probability `error_rate` at most.
    """

    scores: HeadScores
    remove: tuple[HeadId, ...]
    metric: str
    suspect: float
    threshold: float
    achieved: float
    error_rate: float
    steps: tuple[PlanStep, ...]


@dataclass(frozen=True)
class HeadRecord:
    """What was done to one head: cut out of the tensors, or left in them with every weight zero."""

    head: HeadId
    outcome: Literal["removed", "zeroed"]
    score: float


@dataclass(frozen=True)
class TreatmentRecord:
    """One treatment: its parameters and what it observed."""

    name: str
    parameters: dict[str, Any]
    observed: dict[str, float]
    seconds: float
