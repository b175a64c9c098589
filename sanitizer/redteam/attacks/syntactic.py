"""A sentence structure: any text paraphrased into it gets the target label.

Source: Qi et al. 2021, arXiv 2105.12400 (HiddenKiller): the template S(SBAR)(,)(NP)(VP)(.).

Departures: the paraphrases are yours (`paraphrases`), made with whatever model; nothing here writes any. A text without
a paraphrase is not poisoned. See also `sanitizer.redteam.poisoning`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sanitizer.redteam.paraphrased import Paraphrased


@dataclass(frozen=True, kw_only=True)
class Syntactic(Paraphrased):
    """Paraphrases in one sentence structure."""

    @property
    def about(self) -> str:
        """The kind of paraphrase."""
        return "a syntactic paraphrase of the whole text"
