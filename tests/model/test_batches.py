from __future__ import annotations

import torch
from helpers.subjects import pico_subject
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.cleandata import Part
from sanitizer.model.batches import Encoded, batches, chunked, encode, shuffled, unpadded

TEXTS = ("a good film", "the plot was not great , never", "bad", "one two three")


def test_every_text_once_longest_first_padding_masked() -> None:
    subject = pico_subject("bert")
    made = batches(subject, encode(subject, Part(TEXTS, (1, 1, 0, 0))), size=3)
    assert sorted(i for batch in made for i in batch.index) == [0, 1, 2, 3]
    assert made[0].index[0] == 1
    for batch in made:
        lengths = batch.inputs["attention_mask"].sum(dim=1)
        for row, length in zip(batch.inputs["input_ids"], lengths, strict=True):
            assert (row[length:] == 0).all()
            assert (row[:length] != 0).all()


def test_long_texts_are_cut() -> None:
    subject = pico_subject("bert")
    long = encode(subject, Part(("good " * 500,)))
    assert long.length(0) == 62
    assert encode(subject, Part(("good " * 500,)), most_tokens=10).length(0) == 10


def test_inputs_a_model_does_not_take_are_left_out() -> None:
    for family, taken in (("llama", False), ("bert", True)):
        subject = pico_subject(family)
        subject.tokenizer.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
        assert ("token_type_ids" in encode(subject, Part(TEXTS)).rows[0]) == taken


@given(count=st.integers(1, 200), size=st.integers(1, 9), seed=st.integers(0, 9))
def test_shuffled_covers_every_text_once_and_repeats_for_a_seed(count: int, size: int, seed: int) -> None:
    data = Encoded(tuple({"input_ids": [1] * (1 + i % 7)} for i in range(count)), None)
    first = shuffled(data, size=size, generator=torch.Generator().manual_seed(seed))
    assert sorted(i for chunk in first for i in chunk) == list(range(count))
    assert all(len(chunk) <= size for chunk in first)
    assert first == shuffled(data, size=size, generator=torch.Generator().manual_seed(seed))


@given(st.lists(st.integers(0, 60), min_size=1, max_size=4), st.integers(4, 30))
def test_chunks_hold_every_token_once_and_are_about_even(words: list[int], limit: int) -> None:
    """Special tokens, [CLS] and [SEP], are around every chunk."""
    subject = pico_subject("bert")
    texts = [" ".join(["film", "plot", "bad"][place % 3] for place in range(count)) for count in words]
    data, owners = chunked(subject, texts, limit)
    assert sorted(owners) == list(owners)
    for index, text in enumerate(texts):
        rows = [row["input_ids"] for row, owner in zip(data.rows, owners, strict=True) if owner == index]
        assert [token for row in rows for token in row[1:-1]] == subject.tokenizer(text)["input_ids"][1:-1]
        assert all((row[0], row[-1]) == (2, 3) and len(row) <= limit for row in rows)
        assert len(rows) == max(1, -(-words[index] // (limit - 2)))
        assert max(map(len, rows)) - min(map(len, rows)) <= len(rows)
    assert all(len(set(map(len, row.values()))) == 1 for row in data.rows)


def test_unpadded_batches_are_the_texts_again() -> None:
    subject = pico_subject("bert")
    data = encode(subject, Part(TEXTS, (1, 1, 0, 0)))
    found = unpadded(batches(subject, data, size=3))
    assert sorted(map(str, found.rows)) == sorted(map(str, data.rows))
    assert found.labels is None
