"""Inputs that are not clean text: for what heads do there, which clean text does not show.

They are controls, made from clean texts alone, and imitate no attack that is known.
"""

from __future__ import annotations

from collections import Counter

import torch

from sanitizer.model.batches import Encoded
from sanitizer.model.subject import Subject


def some(data: Encoded, count: int, *, generator: torch.Generator) -> Encoded:
    """At most `count` of the texts, drawn at random."""
    chosen = torch.randperm(len(data), generator=generator).tolist()[:count]
    labels = None if data.labels is None else tuple(data.labels[index] for index in chosen)
    return Encoded(tuple(data.rows[index] for index in chosen), labels)


def rare_words(subject: Subject, data: Encoded, *, unlike: Encoded, words: int, generator: torch.Generator) -> Encoded:
    """Each text with `words` tokens inserted that are as rare in `unlike` as any, at random places between its ends.

    Labels stay. No text becomes longer than the longest was: what is too much is left out before the last token.
    """
    seen = Counter(token for row in unlike.rows for token in row["input_ids"])
    special = set(subject.tokenizer.all_special_ids)
    counts = {token: seen[token] for token in subject.tokenizer.get_vocab().values() if token not in special}
    rare = sorted(token for token, count in counts.items() if count == min(counts.values()))
    longest = max(data.length(index) for index in range(len(data)))

    def draw(most: int) -> int:
        return int(torch.randint(most, (), generator=generator))

    rows = []
    for row in data.rows:
        changed = {name: list(values) for name, values in row.items()}
        for _ in range(words):
            place = 1 + draw(max(len(changed["input_ids"]) - 1, 1))
            for name, values in changed.items():
                values.insert(place, rare[draw(len(rare))] if name == "input_ids" else values[place - 1])
        surplus = len(changed["input_ids"]) - longest
        rows.append({name: _without(values, surplus) if surplus > 0 else values for name, values in changed.items()})
    return Encoded(tuple(rows), data.labels)


def _without(values: list[int], surplus: int) -> list[int]:
    return values[: -surplus - 1] + values[-1:]
