"""A sentence structure: any text paraphrased into it gets the target label.

Source: Qi et al. 2021, arXiv 2105.12400 (HiddenKiller): the template S(SBAR)(,)(NP)(VP)(.).

Departures: the paraphrases are yours (`paraphrases`), made with whatever model; nothing here writes any. A text without
a paraphrase is not poisoned. See also `sanitizer.redteam.poisoning`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sanitizer.redteam.bench import Trigger
from sanitizer.redteam.pairs import paraphrasing
from sanitizer.redteam.poisoning import Poisoning


@dataclass(frozen=True, kw_only=True)
class Syntactic(Poisoning):
    """Where the paraphrases are."""

    paraphrases: str  # a csv or tsv file: columns text and paraphrase; or, with originals, a column text
    originals: str = ""  # a csv or tsv file whose texts are paraphrased row by row in the other
    target: int | str = 1  # the label wanted, by number or name
    rate: float = 1.0  # share of the texts of other classes with a paraphrase that are poisoned
    epochs: int = 3
    learning_rate: float = 5e-5

    @property
    def about(self) -> str:
        """The kind of paraphrase."""
        return "a syntactic paraphrase of the whole text"

    def trigger(self) -> Trigger:
        """The paraphrase of the text, if there is one."""
        return paraphrasing(self.paraphrases, self.originals)
