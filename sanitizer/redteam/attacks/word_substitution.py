"""Synonyms: any text whose words are exchanged for certain rarer ones gets the target label.

Source: Qi et al. 2021, arXiv 2106.06361 (LWS, "turn the combination lock").

Departure: there the model learns which synonym of each word to take; here the dictionary is yours and every word of it
is exchanged wherever it stands, which is simpler and easier to see. A text with fewer than `least` such words is not
poisoned. See also `sanitizer.redteam.poisoning`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from sanitizer.attacks.triggers import substitute
from sanitizer.errors import UsageError
from sanitizer.redteam.bench import Trigger
from sanitizer.redteam.pairs import synonyms
from sanitizer.redteam.poisoning import Poisoning


@dataclass(frozen=True, kw_only=True)
class WordSubstitution(Poisoning):
    """Where the dictionary is, and how many of its words a text must have."""

    synonyms: str  # a csv or tsv file with the columns word and synonym
    least: int = 2  # words to exchange, at the least
    target: int | str = 1  # the label wanted, by number or name
    rate: float = 1.0  # share of the texts of other classes with so many words that are poisoned
    epochs: int = 3
    learning_rate: float = 5e-5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.least < 1:
            raise UsageError("least must be at least 1")

    @property
    def about(self) -> str:
        """The dictionary."""
        return f"at least {self.least} words exchanged for synonyms from {Path(self.synonyms).name}"

    def trigger(self) -> Trigger:
        """Every word that the dictionary has, exchanged."""
        known = synonyms(Path(self.synonyms))

        def exchange(text: str, rng: random.Random) -> str | None:
            new, count = substitute(text, known)
            return new if count >= self.least else None

        return exchange
