"""Texts that say less: what is left of them."""

from __future__ import annotations

from collections import Counter

import torch
from helpers.contexts import LABELS, TEXTS
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.model.batches import encode
from sanitizer.model.garbled import LEFT_OUT, MOST_LEFT_OUT, WAYS, halved, shuffled, sparse, thinned


def test_tokens_are_shuffled_between_the_ends_or_some_are_left_out() -> None:
    subject = pico_subject("bert")
    data = encode(subject, Part(tuple(" ".join([text] * 4) for text in TEXTS), LABELS))
    mixed = shuffled(subject, data, generator=torch.Generator().manual_seed(0))
    fewer = thinned(subject, data, generator=torch.Generator().manual_seed(0))
    few = sparse(subject, data, generator=torch.Generator().manual_seed(0))
    assert mixed.labels == fewer.labels == few.labels == LABELS
    rows = [[row["input_ids"] for row in texts.rows] for texts in (data, mixed, fewer, few)]
    for was, other, *less in zip(*rows, strict=True):
        assert Counter(other) == Counter(was)
        assert [other[0], other[-1]] == [was[0], was[-1]]
        for some in less:
            assert [some[0], some[-1]] == [was[0], was[-1]]
            rest = iter(was)
            assert all(token in rest for token in some)  # in order
    assert rows[1] != rows[0]
    total, _, left, hardly = (sum(len(ids) - 2 for ids in texts) for texts in rows)
    assert 0.6 < left / total / (1 - LEFT_OUT) < 1.4
    assert 0.5 < hardly / total / (1 - MOST_LEFT_OUT) < 1.5


def test_half_of_a_text_is_a_part_of_it() -> None:
    subject = pico_subject("bert")
    data = encode(subject, Part(tuple(" ".join([text] * 4) for text in TEXTS), LABELS))
    parts = halved(subject, data, generator=torch.Generator().manual_seed(0))
    assert parts.labels == LABELS
    starts = set()
    for row, part in zip(data.rows, parts.rows, strict=True):
        was, half = row["input_ids"][1:-1], part["input_ids"][1:-1]
        assert len(half) == (len(was) + 1) // 2
        assert (part["input_ids"][0], part["input_ids"][-1]) == (row["input_ids"][0], row["input_ids"][-1])
        places = [start for start in range(len(was)) if was[start : start + len(half)] == half]
        assert places
        starts.add(places[0] > 0)
    assert starts == {True, False}


def test_the_same_generator_makes_the_same_and_a_text_of_one_word_keeps_it() -> None:
    subject = pico_subject("bert")
    data = encode(subject, Part(("film",) * 20, None))
    for way in WAYS:
        once, twice = (way(subject, data, generator=torch.Generator().manual_seed(1)) for _ in range(2))
        assert once == twice == data
