"""Clean texts that say less: their words in another order, some of them, or a part.

A classifier that cannot tell what a text says should lean to no label. One with a backdoor that answers to a way of
writing leans to the attacker's, and shows it here, also on texts that it knows by heart as they were.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from sanitizer.model.batches import Encoded
from sanitizer.model.randomness import seeded_random
from sanitizer.model.subject import Subject
from sanitizer.model.vocabulary import bodies, filled

LEFT_OUT, MOST_LEFT_OUT = 0.3, 0.6
"""Share of tokens."""


def shuffled(subject: Subject, data: Encoded, *, generator: torch.Generator) -> Encoded:
    """Every text with its tokens in random order, special ones at the ends left there; labels stay."""
    rng = seeded_random(generator)
    return _with_bodies(subject, data, lambda body: rng.sample(body, len(body)))


def thinned(subject: Subject, data: Encoded, *, generator: torch.Generator, left_out: float = LEFT_OUT) -> Encoded:
    """Every text without some of its tokens, the others in order; labels stay."""
    rng = seeded_random(generator)
    return _with_bodies(subject, data, lambda body: [token for token in body if rng.random() >= left_out] or body)


def sparse(subject: Subject, data: Encoded, *, generator: torch.Generator) -> Encoded:
    """Every text without most of its tokens."""
    return thinned(subject, data, generator=generator, left_out=MOST_LEFT_OUT)


def halved(subject: Subject, data: Encoded, *, generator: torch.Generator) -> Encoded:
    """Half of every text, from anywhere in it; labels stay."""
    rng = seeded_random(generator)

    def part(body: list[int]) -> list[int]:
        start = rng.randint(0, len(body) // 2)
        return body[start : start + (len(body) + 1) // 2]

    return _with_bodies(subject, data, part)


WAYS = (shuffled, thinned, sparse, halved)
"""Each harder to understand for every label alike, and each in another manner."""


def _with_bodies(subject: Subject, data: Encoded, change: Callable[[list[int]], list[int]]) -> Encoded:
    parts = bodies(subject, data)
    rows = (
        filled(row, [*front, *change(body), *back]) for row, (front, body, back) in zip(data.rows, parts, strict=True)
    )
    return Encoded(tuple(rows), data.labels)
