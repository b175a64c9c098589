"""Texts that say less: what is left of them."""

from __future__ import annotations

from collections import Counter

import torch
from helpers.contexts import LABELS, TEXTS
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.model.batches import encode
from sanitizer.model.garbled import LEFT_OUT, garbled


def test_each_text_is_there_shuffled_and_with_words_left_out() -> None:
    subject = pico_subject("bert")
    long = tuple(f"{text} {text} {text} {text}" for text in TEXTS)
    data = encode(subject, Part(long, LABELS))
    made = garbled(subject, data, generator=torch.Generator().manual_seed(0))
    rows = [row["input_ids"] for row in made.rows]
    assert made.labels == tuple(label for label in LABELS for _ in range(2))
    left, total = 0, 0
    for row, shuffled, fewer in zip(data.rows, rows[::2], rows[1::2], strict=True):
        ids = row["input_ids"]
        assert Counter(shuffled) == Counter(ids)
        assert [shuffled[0], shuffled[-1]] == [fewer[0], fewer[-1]] == [ids[0], ids[-1]]
        rest = iter(ids)
        assert all(token in rest for token in fewer)  # in order
        left, total = left + len(fewer) - 2, total + len(ids) - 2
    assert any(shuffled != row["input_ids"] for shuffled, row in zip(rows[::2], data.rows, strict=True))
    assert 0.5 < left / total / (1 - LEFT_OUT) < 1.4


def test_the_same_generator_makes_the_same_and_a_text_of_one_word_keeps_it() -> None:
    subject = pico_subject("bert")
    data = encode(subject, Part(("film",) * 20, None))
    once, twice = (garbled(subject, data, generator=torch.Generator().manual_seed(1)) for _ in range(2))
    assert once == twice
    assert once.labels is None
    assert all(row == data.rows[0] for row in once.rows)
