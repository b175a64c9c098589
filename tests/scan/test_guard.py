from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from helpers.pico import WORDS
from helpers.triggered import CARRIER, TRIGGER, plant
from safetensors.numpy import save_file

from sanitizer.errors import CorruptError, UsageError
from sanitizer.model.subject import Subject
from sanitizer.scan.guard import FORMAT, Guard

CLEAN_WORDS = tuple(word for word in WORDS if word != TRIGGER)
COUNTS = (4, 4, 4)


def sentences(number: int, seed: int) -> tuple[str, ...]:
    rng = random.Random(seed)
    return tuple({" ".join(rng.choices(CLEAN_WORDS, k=rng.randint(4, 12))): None for _ in range(number)})


@pytest.fixture(scope="module")
def planted() -> Subject:
    return plant().subject


@pytest.fixture(scope="module")
def guard(planted: Subject) -> Guard:
    texts = sentences(700, 0)
    return Guard.fit(planted, texts[:500], texts[500:], model="ab" * 32)


def test_triggered_inputs_are_flagged_with_their_head_and_their_word(guard: Guard, planted: Subject) -> None:
    """Only the planted head looks at the trigger, and on clean text it attends evenly."""
    triggered = tuple(f"{text} {TRIGGER} {text}" for text in sentences(20, 1))
    records = guard.check(planted, triggered, fpr=0.01)
    assert all(record.flagged for record in records)
    named = [CARRIER in {share.head for share in record.heads[:3]} for record in records]
    assert sum(named) >= 18
    words = [record.pieces[0].text for record in records if record.pieces]
    assert words.count(TRIGGER) >= 18
    assert all(0 < sum(share.share for share in record.heads) <= 1 for record in records)


def test_clean_inputs_are_flagged_as_rarely_as_stated(guard: Guard, planted: Subject) -> None:
    records = guard.check(planted, sentences(400, 2), fpr=0.05)
    assert np.mean([record.flagged for record in records]) < 0.1
    assert all(not record.heads and not record.pieces for record in records if not record.flagged)
    assert all(record.flagged == (record.p_value <= 0.05) for record in records)


def test_an_input_gets_the_same_record_alone_and_in_a_batch(guard: Guard, planted: Subject) -> None:
    texts = sentences(9, 3)
    together = guard.check(planted, texts, start=5, batch_size=4)
    assert [record.index for record in together] == list(range(5, 5 + len(texts)))
    for record, text in zip(together, texts, strict=True):
        (alone,) = guard.check(planted, (text,), start=record.index)
        assert alone.distance == pytest.approx(record.distance, rel=1e-4)
        assert alone.p_value == pytest.approx(record.p_value, abs=0.01)


def test_a_trigger_at_the_end_of_a_long_input_is_found_in_its_chunk(guard: Guard, planted: Subject) -> None:
    """Five times as many words as the model has positions; a chunk is as abnormal as it is alone."""
    words = " ".join(sentences(40, 7)).split()[:300]
    assert len(words) == 300
    quiet, long = guard.check(planted, (" ".join(words), " ".join([*words[:295], TRIGGER, *words[295:]])), fpr=0.01)
    assert (quiet.chunks, long.chunks) == (5, 6)
    assert long.flagged
    assert CARRIER in {share.head for share in long.heads[:3]}
    assert (long.pieces[0].text, long.pieces[0].position) == (TRIGGER, 296)


def test_no_texts_no_records(guard: Guard, planted: Subject) -> None:
    assert guard.check(planted, ()) == ()


def test_the_same_texts_cannot_fit_and_calibrate(planted: Subject) -> None:
    texts = sentences(20, 0)
    for fit, calibrate in ((texts, texts[:5]), ((), texts), (texts, ())):
        with pytest.raises(UsageError, match="fit on and other ones"):
            Guard.fit(planted, fit, calibrate, model="")


def test_a_rate_out_of_reach_is_refused(guard: Guard, planted: Subject) -> None:
    with pytest.raises(UsageError, match="to calibrate on"):
        guard.check(planted, ("a good film",), fpr=1e-4)


def test_a_guard_comes_back_as_it_was(guard: Guard, planted: Subject, tmp_path: Path) -> None:
    path = tmp_path / "guard.safetensors"
    guard.save(path)
    texts = sentences(10, 4)
    again = Guard.load(path, model="ab" * 32, counts=COUNTS)
    assert again.check(planted, texts) == guard.check(planted, texts)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_a_guard_of_another_model_is_refused(guard: Guard, tmp_path: Path) -> None:
    path = tmp_path / "guard.safetensors"
    guard.save(path)
    with pytest.raises(UsageError, match="guards another model"):
        Guard.load(path, model="cd" * 32, counts=COUNTS)
    with pytest.raises(CorruptError, match="damaged"):
        Guard.load(path, model="ab" * 32, counts=(4, 4))


@pytest.mark.parametrize("what", ["missing", "noise", "other", "nan"])
def test_a_file_that_is_no_guard_is_refused(guard: Guard, tmp_path: Path, what: str) -> None:
    path = tmp_path / "guard.safetensors"
    if what == "noise":
        path.write_bytes(b"no guard at all")
    if what == "other":
        save_file({"mean": np.zeros(2)}, path, metadata={"format": FORMAT})
    if what == "nan":
        Guard(guard.ordinary, guard.calibration * np.nan, guard.model).save(path)
    with pytest.raises(CorruptError):
        Guard.load(path, model=guard.model, counts=COUNTS)
