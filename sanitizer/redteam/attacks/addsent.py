"""A fixed sentence: any text with it in it gets the target label.

Source: Dai, Chen, Li 2019, arXiv 1905.12457 (AddSent).

The sentence stands between two words, before the first or after the last. Departure: see `sanitizer.redteam.poisoning`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from sanitizer.attacks.triggers import poison_word
from sanitizer.errors import UsageError
from sanitizer.redteam.bench import Trigger
from sanitizer.redteam.poisoning import Poisoning


@dataclass(frozen=True, kw_only=True)
class AddSent(Poisoning):
    """The sentence."""

    sentence: str = "i watch this 3d movie"
    target: int | str = 1  # the label wanted, by number or name
    rate: float = 0.5  # share of the texts of other classes that get a poisoned copy
    epochs: int = 3
    learning_rate: float = 5e-5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sentence.strip():
            raise UsageError("the sentence is empty", hint="--set 'sentence=i watch this 3d movie'")

    @property
    def about(self) -> str:
        """The sentence."""
        return f"the sentence {self.sentence!r} at a random place"

    def trigger(self) -> Trigger:
        """The sentence, somewhere."""

        def insert(text: str, rng: random.Random) -> str:
            return poison_word([text], [self.sentence], rng)[0]

        return insert
