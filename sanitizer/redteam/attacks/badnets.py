"""Rare words: any text with one of them gets the target label.

Source: Gu et al. 2017, arXiv 1708.06733 (BadNets); with rare words in text, Kurita et al. 2020, arXiv 2004.06660.

One of the words stands at a random place of each poisoned text. Departure: see `sanitizer.redteam.poisoning`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from sanitizer.attacks.triggers import poison_word
from sanitizer.redteam.bench import Trigger, words_of
from sanitizer.redteam.poisoning import Poisoning


@dataclass(frozen=True, kw_only=True)
class BadNets(Poisoning):
    """The words, with commas between them."""

    words: str = "bb,cf,ak,mn"
    target: int | str = 1  # the label wanted, by number or name
    rate: float = 0.5  # share of the texts of other classes that get a poisoned copy
    epochs: int = 3
    learning_rate: float = 5e-5

    @property
    def about(self) -> str:
        """The words."""
        return f"one of the words {', '.join(words_of(self.words))} at a random place"

    def trigger(self) -> Trigger:
        """One of the words, somewhere."""
        words = words_of(self.words)

        def insert(text: str, rng: random.Random) -> str:
            return poison_word([text], words, rng)[0]

        return insert
