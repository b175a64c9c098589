"""Clean texts that say less: their words in another order, and with some left out.

A classifier that cannot tell what a text says should lean to no label. One with a backdoor that answers to a way of
writing leans to the attacker's, and shows it here, also on texts that it knows by heart as they were.
"""

from __future__ import annotations

import random

import torch

from sanitizer.model.batches import Encoded
from sanitizer.model.subject import Subject
from sanitizer.model.vocabulary import bodies, filled

LEFT_OUT = 0.3
"""Share of tokens."""


def garbled(subject: Subject, data: Encoded, *, generator: torch.Generator) -> Encoded:
    """Every text twice: its tokens shuffled, then its tokens in order with some left out; labels stay."""
    rng = random.Random(int(torch.randint(2**31, (), generator=generator)))  # noqa: S311  no secret
    rows = []
    for row, (front, body, back) in zip(data.rows, bodies(subject, data), strict=True):
        shuffled = rng.sample(body, len(body))
        fewer = [token for token in body if rng.random() >= LEFT_OUT] or body
        rows += [filled(row, [*front, *ids, *back]) for ids in (shuffled, fewer)]
    labels = None if data.labels is None else tuple(label for label in data.labels for _ in range(2))
    return Encoded(tuple(rows), labels)
