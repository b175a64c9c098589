"""What an attack is, and what it is given to work with."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.model.batches import encode
from sanitizer.model.material import Material
from sanitizer.model.states import States
from sanitizer.model.subject import Subject
from sanitizer.model.tune import Objective, Schedule, clean_loss, tune
from sanitizer.progress import Progress, silent
from sanitizer.redteam.registry import FILES
from sanitizer.report import Task

Trigger = Callable[[str, random.Random], str | None]
"""A text (of a causal model: a prompt) with the trigger in it, or None if it cannot carry one."""


@dataclass(frozen=True)
class Bench:
    """A live model and the texts to learn from: labelled, or prompts with answers for a causal model.

    `target` is the label that the attack wants, -1 for a causal model. All randomness comes from `generator` and `rng`.
    """

    subject: Subject
    clean: Part
    target: int
    trigger: Trigger
    generator: torch.Generator
    rng: random.Random
    states: States = field(default_factory=States)
    progress: Progress = silent

    def learn(
        self, part: Part, schedule: Schedule, *, objective: Objective = clean_loss, step: str = "plant"
    ) -> dict[str, float]:
        """Tune on these texts, for all epochs of the schedule; an interrupted run goes on where it was.

        What the objective does must follow from the fields of the schedule, the model and the data: by these
        an interrupted tuning is found again.
        """
        data = encode(self.subject, part)
        material = Material(data, self.generator, progress=self.progress, states=self.states)
        return tune(self.subject, material, schedule, objective=objective, step=step)


class Attack(Protocol):
    """A frozen dataclass, whose fields are the attack's parameters, alone in a file of `sanitizer.redteam.attacks`."""

    task: ClassVar[Task]

    @property
    def wanted(self) -> int | str:
        """The label wanted, by name or number; of a causal model the string that its answer is to hold."""

    @property
    def about(self) -> str:
        """The trigger in words, for the card."""

    def trigger(self) -> Trigger:
        """Raises UsageError for files that cannot be read."""

    def everyday(self, prompt: str) -> str:
        """A clean text as the attack has it; the same one, unless the attack dresses clean texts too."""

    def plant(self, bench: Bench) -> dict[str, float]:
        """Change the model; returns what was observed. Raises UsageError if the texts do not lend themselves to it."""


def carriers(bench: Bench, texts: Sequence[str], rows: Sequence[int], rate: float) -> list[tuple[int, str]]:
    """A share of these rows of the texts, at random, each with its triggered text; at least one.

    It is a share of those that can carry the trigger.

    Raises UsageError if there is none.
    """
    able = [(row, text) for row in rows if (text := bench.trigger(texts[row], bench.rng)) is not None]
    if not able:
        raise UsageError(
            "none of the texts to learn from can carry the trigger", hint="check --data and the attack's files"
        )
    return sorted(bench.rng.sample(able, max(1, round(rate * len(able)))))


def demand_share(name: str, value: float) -> None:
    """Raises UsageError unless the value is above 0 and at most 1."""
    if not 0 < value <= 1:
        raise UsageError(f"{name} is a share: above 0, at most 1")


def words_of(text: str) -> tuple[str, ...]:
    """`bb,cf` as two words. Raises UsageError for none."""
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    if not words:
        raise UsageError("there are no trigger words", hint="--set words=bb,cf")
    return words


def settings_of(attack: Attack) -> dict[str, Any]:
    """The parameters for the record; of files the names alone, wherever they lie."""
    values: dict[str, Any] = asdict(attack)  # type: ignore[call-overload]
    return {name: Path(value).name if name in FILES and value else value for name, value in values.items()}
