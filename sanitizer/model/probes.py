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
    labels, prompts = (
        None if values is None else tuple(values[index] for index in chosen) for values in (data.labels, data.prompts)
    )
    return Encoded(tuple(data.rows[index] for index in chosen), labels, prompts)


def rare_words(subject: Subject, data: Encoded, *, unlike: Encoded, words: int, generator: torch.Generator) -> Encoded:
    """Each text with `words` tokens inserted that are as rare in `unlike` as any, at random places between its ends.

    Labels stay, and words are inserted into prompts where texts have answers. No text becomes longer than the longest
    was: what is too much is left out before the last token.
    """
    seen = Counter(token for row in unlike.rows for token in row["input_ids"])
    special = set(subject.tokenizer.all_special_ids)
    counts = {token: seen[token] for token in subject.tokenizer.get_vocab().values() if token not in special}
    rare = sorted(token for token, count in counts.items() if count == min(counts.values()))
    longest = max(data.length(index) for index in range(len(data)))

    def draw(most: int) -> int:
        return int(torch.randint(most, (), generator=generator))

    rows = []
    for index, row in enumerate(data.rows):
        most = len(row["input_ids"]) if data.prompts is None else data.prompts[index]
        changed = {name: list(values) for name, values in row.items()}
        for inserted in range(words):
            place = 1 + draw(max(most + inserted - 1, 1))
            for name, values in changed.items():
                values.insert(place, rare[draw(len(rare))] if name == "input_ids" else values[place - 1])
        surplus = len(changed["input_ids"]) - longest
        rows.append({name: _without(values, surplus) if surplus > 0 else values for name, values in changed.items()})
    prompts = data.prompts and tuple(
        min(prompt + words, len(row["input_ids"]) - 1) for prompt, row in zip(data.prompts, rows, strict=True)
    )
    return Encoded(tuple(rows), data.labels, prompts)


def _without(values: list[int], surplus: int) -> list[int]:
    return values[: -surplus - 1] + values[-1:]
