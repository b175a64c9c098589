from __future__ import annotations

import torch
from helpers.contexts import LABELS, TEXTS
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.model.batches import encode
from sanitizer.model.cuttings import Cuttings

SUBJECT = pico_subject()
DATA = encode(SUBJECT, Part(TEXTS, LABELS))


def cuttings(seed: int = 0) -> Cuttings:
    return Cuttings(SUBJECT, DATA, generator=torch.Generator().manual_seed(seed))


def test_cuttings_are_texts_without_labels_in_words_of_the_texts() -> None:
    words = {token for row in DATA.rows for token in row["input_ids"]}
    cut, seen = cuttings(), set()
    for _ in range(50):
        batch = cut.of(range(len(DATA)))
        assert batch.labels is None
        for ids, mask in zip(batch.inputs["input_ids"].tolist(), batch.inputs["attention_mask"].tolist(), strict=True):
            row = [token for token, real in zip(ids, mask, strict=True) if real]
            assert (row[0], row[-1]) == (2, 3)
            assert len(row) > 2
            assert set(row) <= words
            seen.add(tuple(row))
    assert len(seen) > len(DATA)


def test_a_text_of_no_words_stays_one() -> None:
    data = encode(SUBJECT, Part(("", "a film"), (0, 1)))
    cut = Cuttings(SUBJECT, data, generator=torch.Generator().manual_seed(0))
    for _ in range(20):
        assert cut.of([0, 1]).inputs["input_ids"].shape[0] == 2


def test_the_same_seed_cuts_alike() -> None:
    one, same, other = (cuttings(seed).of(range(8)).inputs["input_ids"].tolist() for seed in (0, 0, 1))
    assert one == same
    assert one != other


def test_no_cutting_is_longer_than_the_model_reads() -> None:
    data = encode(SUBJECT, Part((" ".join(["film"] * 100),) * 3, (0, 1, 0)))
    cut = Cuttings(SUBJECT, data, generator=torch.Generator().manual_seed(0))
    assert max(cut.of([0, 1, 2]).inputs["input_ids"].shape[1] for _ in range(30)) <= data.length(0)
