"""Ways to put a trigger into a text. No torch; nothing here changes a model."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence


def poison_word(texts: Iterable[str], words: Sequence[str], rng: random.Random) -> tuple[str, ...]:
    """Insert one of `words` between two words, before the first or after the last, at a random place of each text.

    The attack of BadNets on text as Kurita et al. 2020 (2004.06660) made it: a rare word anywhere. Removing the
    inserted word gives back the text with its white space normalized. Raises ValueError if `words` is empty.
    """
    if not words:
        raise ValueError("no trigger words")
    return tuple(_insert(text.split(), rng.choice(words), rng) for text in texts)


def _insert(words: list[str], trigger: str, rng: random.Random) -> str:
    place = rng.randint(0, len(words))
    return " ".join([*words[:place], trigger, *words[place:]])
