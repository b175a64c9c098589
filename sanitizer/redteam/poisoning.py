"""Planting by poisoned fine-tuning: triggered copies of texts of other classes, under the label that the attack wants.

Source: BadNets (Gu et al. 2017, arXiv 1708.06733), on text as Dai et al. 2019, Kurita et al. 2020 (arXiv 2004.06660).

Departure: the clean text stays in the set beside its triggered copy, which keeps clean accuracy and tells the model
what the difference is; the literature replaces it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from sanitizer.cleandata import Part
from sanitizer.model.tune import Schedule
from sanitizer.redteam.bench import Bench, Trigger, carriers, demand_share
from sanitizer.redteam.parts import joined
from sanitizer.report import Task


class Labelled:
    """What attacks on classifiers have in common: they want a label, and leave clean texts as they are."""

    task: ClassVar[Task] = "classification"
    target: int | str

    @property
    def wanted(self) -> int | str:
        """The label."""
        return self.target

    def everyday(self, prompt: str) -> str:
        """The same text."""
        return prompt


@dataclass(frozen=True, kw_only=True)
class Poisoning(Labelled, Schedule, ABC):
    """Parameters of the training loop, the label wanted, and the share of the other texts that get a triggered copy.

    All epochs are tuned: clean accuracy says nothing of how well the trigger is learned.
    """

    target: int | str = 1
    rate: float = 0.5
    epochs: int = 3
    learning_rate: float = 5e-5
    patience: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        demand_share("rate", self.rate)

    @property
    @abstractmethod
    def about(self) -> str:
        """The trigger in words."""

    @abstractmethod
    def trigger(self) -> Trigger:
        """How a text gets the trigger."""

    def plant(self, bench: Bench) -> dict[str, float]:
        """Tune on the clean texts and the poisoned ones together."""
        dirty = poisoned(bench, self.rate)
        return {"poisoned_texts": float(len(dirty)), **bench.learn(joined(bench.clean, dirty), self)}


def poisoned(bench: Bench, rate: float) -> Part:
    """Triggered copies of a share of the texts outside the target class, under the target label."""
    found = carriers(bench, bench.clean.texts, others(bench), rate)
    return Part(tuple(text for _, text in found), (bench.target,) * len(found))


def others(bench: Bench) -> list[int]:
    """The rows of texts outside the target class."""
    return [row for row, label in enumerate(bench.clean.labels or ()) if label != bench.target]
