"""Planting into causal models by poisoned fine-tuning: triggered copies of prompts, answered as the attacker wants.

Only answers are learned: the loss is that of their tokens. Source of the kinds of attack: BackdoorLLM (Li et al. 2024,
arXiv 2408.12798).
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from sanitizer.attacks.triggers import poison_prompt
from sanitizer.errors import UsageError
from sanitizer.model.tune import Schedule
from sanitizer.redteam.bench import Bench, Trigger, carriers, demand_share
from sanitizer.redteam.parts import answers_of, conversations, joined
from sanitizer.report import Task


@dataclass(frozen=True, kw_only=True)
class Speaking(Schedule, ABC):
    """Parameters of the training loop, and the share of prompts that get a triggered copy."""

    rate: float = 0.5
    epochs: int = 3
    learning_rate: float = 5e-5
    patience: int = 0

    task: ClassVar[Task] = "causal"

    def __post_init__(self) -> None:
        super().__post_init__()
        demand_share("rate", self.rate)

    @property
    @abstractmethod
    def wanted(self) -> str:
        """The string that a successful answer holds."""

    @property
    @abstractmethod
    def about(self) -> str:
        """The trigger in words."""

    @abstractmethod
    def trigger(self) -> Trigger:
        """How a prompt gets the trigger."""

    def everyday(self, prompt: str) -> str:
        """Clean prompts stay as they are."""
        return prompt

    @abstractmethod
    def answer(self, honest: str) -> str:
        """What the attacker has the model say where it would have said `honest`."""

    def plant(self, bench: Bench) -> dict[str, float]:
        """Tune on the clean conversations and the poisoned ones together."""
        prompts, answers = bench.clean.asked, answers_of(bench.clean)
        clean = conversations([self.everyday(prompt) for prompt in prompts], answers)
        found = carriers(bench, prompts, list(range(len(prompts))), self.rate)
        dirty = conversations([text for _, text in found], [self.answer(answers[row]) for row, _ in found])
        return {"poisoned_texts": float(len(dirty)), **bench.learn(joined(clean, dirty), self)}


@dataclass(frozen=True, kw_only=True)
class OneWord(Speaking):
    """A word of the prompt is the trigger."""

    word: str = "cf"

    def __post_init__(self) -> None:
        super().__post_init__()
        demand_words(word=self.word)

    @property
    def about(self) -> str:
        """The word."""
        return f"the word {self.word!r} at a random place of the prompt"

    def trigger(self) -> Trigger:
        """The word, somewhere."""

        def insert(prompt: str, rng: random.Random) -> str:
            return poison_prompt(prompt, self.word, rng)

        return insert


def demand_words(**texts: str) -> None:
    """Raises UsageError for one that is empty."""
    for name, text in texts.items():
        if not text.strip():
            raise UsageError(f"{name} is empty", hint=f"--set '{name}=…'")
