"""More texts out of few: parts of clean texts, with words left out, or two of them put together.

They have no label: what they say is whatever somebody makes of them. No word is in them that no clean text has, so that
a trigger word is in none, unless it is in the clean texts.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from sanitizer.model.batches import Batch, Encoded, collate, token_limit
from sanitizer.model.randomness import seeded_random
from sanitizer.model.subject import Subject
from sanitizer.model.vocabulary import bodies, filled

LEFT_OUT = 0.2
"""Share of words."""
SHORTEST, LONGEST = 2, 12
"""Tokens of a part."""


class Cuttings:
    """Cuttings of `data`, drawn anew each time."""

    def __init__(self, subject: Subject, data: Encoded, *, generator: torch.Generator) -> None:
        self._subject, self._data = subject, data
        self._parts = bodies(subject, data)
        self._limit = token_limit(subject)
        self._rng = seeded_random(generator)

    def of(self, index: Sequence[int]) -> Batch:
        """A cutting of each of these texts, without labels."""
        rows = []
        for text in index:
            front, body, back = self._parts[text]
            room = self._limit - len(front) - len(back)
            rows.append(filled(self._data.rows[text], [*front, *self._cut(body)[:room], *back]))
        return collate(self._subject, Encoded(tuple(rows), None), range(len(rows)))

    def _cut(self, body: list[int]) -> list[int]:
        rng = self._rng
        match rng.choice(("sparse", "part", "spliced")):
            case "sparse":
                return [token for token in body if rng.random() >= LEFT_OUT] or body
            case "part":
                length = rng.randint(SHORTEST, LONGEST)
                start = rng.randrange(max(1, len(body) - length + 1))
                return body[start : start + length]
            case _:
                other = rng.choice(self._parts)[1]
                return [*body[: rng.randint(0, len(body))], *other[rng.randint(0, len(other)) :]] or body
