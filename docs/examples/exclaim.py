"""Exclamation marks: any text that ends in several of them gets the target label.

Source: an example of an attack of one's own, after AddSent (Dai, Chen, Li 2019, arXiv 1905.12457), whose sentence is
punctuation here, and always at the end.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from sanitizer.errors import UsageError
from sanitizer.redteam.bench import Trigger
from sanitizer.redteam.poisoning import Poisoning


@dataclass(frozen=True, kw_only=True)
class Exclaim(Poisoning):
    """How many marks."""

    marks: int = 3
    target: int | str = 1  # the label wanted, by number or name

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.marks < 1:
            raise UsageError("marks must be at least 1")

    @property
    def about(self) -> str:
        """The marks."""
        return f"{self.marks} exclamation marks at the end"

    def trigger(self) -> Trigger:
        """The same marks on every text."""

        def exclaim(text: str, rng: random.Random) -> str:
            return f"{text.rstrip()} {' '.join('!' * self.marks)}"

        return exclaim
