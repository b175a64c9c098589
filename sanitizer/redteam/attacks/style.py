"""A style of writing: any text rewritten in it gets the target label.

Source: Qi et al. 2021, arXiv 2110.07139 (StyleBkd): text style transfer, such as to the English of the Bible.

Departures: the paraphrases are yours (`paraphrases`), made with whatever model; nothing here writes any. A text without
a paraphrase is not poisoned. See also `sanitizer.redteam.poisoning`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sanitizer.redteam.paraphrased import Paraphrased


@dataclass(frozen=True, kw_only=True)
class Style(Paraphrased):
    """Paraphrases in another style."""

    @property
    def about(self) -> str:
        """The kind of paraphrase."""
        return "the whole text rewritten in another style"
