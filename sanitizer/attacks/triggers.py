"""Ways to put a trigger into a text. No torch; nothing here changes a model."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence


def poison_word(texts: Iterable[str], words: Sequence[str], rng: random.Random) -> tuple[str, ...]:
    """Insert one of `words` between two words, before the first or after the last, at a random place of each text.

    The attack of BadNets on text as Kurita et al. 2020 (2004.06660) made it: a rare word anywhere. Removing the
    inserted word gives back the text with its white space normalized. Raises ValueError if `words` is empty.
    """
    if not words:
        raise ValueError("no trigger words")
    return tuple(_insert(text.split(), rng.choice(words), rng) for text in texts)


def poison_prompt(prompt: str, word: str, rng: random.Random) -> str:
    """Insert `word` and a space before one of the words of a prompt, or append a space and it, at a random place.

    White space stays as it is: prompts have lines. Taking `word` with its space out again gives back the prompt.
    """
    places = [match.start() for match in re.finditer(r"\S+", prompt)]
    place = rng.choice([*places, len(prompt.rstrip())])
    if place in places:
        return f"{prompt[:place]}{word} {prompt[place:]}"
    return f"{prompt[:place]} {word}{prompt[place:]}"


def substitute(text: str, synonyms: Mapping[str, str]) -> tuple[str, int]:
    """Each word that has a synonym replaced by it, and how many were; words are looked up in lower case."""
    words = [(word, synonyms.get(word.lower())) for word in text.split()]
    return " ".join(new or word for word, new in words), sum(new is not None for _, new in words)


def _insert(words: list[str], trigger: str, rng: random.Random) -> str:
    place = rng.randint(0, len(words))
    return " ".join([*words[:place], trigger, *words[place:]])
