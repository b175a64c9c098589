"""What attacks by paraphrase have in common: the trigger is how the whole text is written.

Departures from both papers: the paraphrases are yours (`paraphrases`), made with whatever model; nothing here writes
any. A text without a paraphrase is not poisoned.
"""

from __future__ import annotations

from dataclasses import dataclass

from sanitizer.redteam.bench import Trigger
from sanitizer.redteam.pairs import paraphrasing
from sanitizer.redteam.poisoning import Poisoning


@dataclass(frozen=True, kw_only=True)
class Paraphrased(Poisoning):
    """Where the paraphrases are."""

    paraphrases: str  # a csv or tsv file: columns text and paraphrase; or, with originals, a column text
    originals: str = ""  # a csv or tsv file whose texts are paraphrased row by row in the other
    target: int | str = 1  # the label wanted, by number or name
    rate: float = 1.0  # share of the texts of other classes with a paraphrase that are poisoned
    epochs: int = 3
    learning_rate: float = 5e-5

    def trigger(self) -> Trigger:
        """The paraphrase of the text, if there is one."""
        return paraphrasing(self.paraphrases, self.originals)
