"""An interrupted tuning, continued, ends as if nothing had happened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.contexts import LABELS, TEXTS, digest
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.heads import HeadId
from sanitizer.model.batches import encode
from sanitizer.model.material import Material
from sanitizer.model.rates import Rates
from sanitizer.model.states import States
from sanitizer.model.subject import Subject
from sanitizer.model.tune import Schedule, tune
from sanitizer.progress import Progress, silent

OPPOSITE = tuple(1 - label for label in LABELS)
SCHEDULE = Schedule(epochs=4, learning_rate=1e-3, batch_size=3, patience=2)
SOME_HEADS = Rates(((1.0, 0.0, 0.1, 0.0), (0.0,) * 4, (3.0,) * 4), 0.0)
PER_EPOCH = 6  # three batches to learn from, three to be validated on

Ending = tuple[str, dict[str, float], list[int], list[str]]


def end_of(
    folder: Path | None,
    *,
    schedule: Schedule = SCHEDULE,
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
    labels: tuple[int, ...] = LABELS,
    rates: Rates | None = None,
    progress: Progress = silent,
) -> Ending:
    """All that a tuning leaves: weights, what it observed, the generator, and what it remarked."""
    subject = subject_in(dtype)
    states, generator = States(folder), torch.Generator().manual_seed(seed)
    fit, validation = (encode(subject, Part(TEXTS, one)) for one in (LABELS, labels))
    observed = tune(subject, Material(fit, generator, "compact", progress, validation, states), schedule, rates=rates)
    assert {weight.dtype for weight in subject.model.parameters()} == {dtype}
    return digest(subject), observed, generator.get_state().tolist(), states.remarks


def subject_in(dtype: torch.dtype) -> Subject:
    subject = pico_subject("bert")
    subject.remove((HeadId(0, 1),), physically=False)
    subject.model.to(dtype)
    return subject


def interrupt(folder: Path, *, after: int, **words: Any) -> None:
    """Begin, and be stopped in the middle of the epoch after this one."""

    def stop(step: str, done: int, total: int) -> None:
        if done == after * PER_EPOCH + 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        end_of(folder, progress=stop, **words)


@pytest.mark.parametrize("after", [1, 3])
@pytest.mark.parametrize(
    "words",
    [
        {},
        {"dtype": torch.bfloat16},
        {"schedule": replace(SCHEDULE, precision="float16")},
        {"schedule": replace(SCHEDULE, warmup=0.9)},
        {"labels": OPPOSITE, "schedule": replace(SCHEDULE, patience=4), "seed": 2},
        {"rates": SOME_HEADS},
    ],
    ids=["plain", "half", "scaled", "warming up", "best is past", "some heads"],
)
def test_it_ends_in_the_same_bytes(tmp_path: Path, after: int, words: dict[str, Any]) -> None:
    whole = end_of(None, **words)
    interrupt(tmp_path, after=after, **words)
    steps: list[tuple[int, int]] = []
    continued = end_of(tmp_path, progress=lambda step, done, total: steps.append((done, total)), **words)
    assert continued[:3] == whole[:3]
    assert whole[3] == []
    assert continued[3] == [f"fine-tune, continued from epoch {after} of 4, which an interrupted run had finished"]
    assert set(steps) == {(done, (4 - after) * PER_EPOCH) for done in range((4 - after) * PER_EPOCH + 1)}


def test_interrupted_twice_it_still_does(tmp_path: Path) -> None:
    for after in (1, 2):
        interrupt(tmp_path, after=1)
        assert len(list(tmp_path.iterdir())) == 1, after
    assert end_of(tmp_path)[:3] == end_of(None)[:3]


def test_while_it_waits_for_better_the_best_weights_are_kept_too(tmp_path: Path) -> None:
    """The best epoch lies before the interruption, and its weights are what comes out."""
    words: dict[str, Any] = {"labels": OPPOSITE, "schedule": replace(SCHEDULE, epochs=9, learning_rate=3e-3), "seed": 1}
    whole = end_of(None, **words)
    best, epochs = int(whole[1]["best_epoch"]), int(whole[1]["epochs"])
    assert epochs == best + 2 < 9
    interrupt(tmp_path, after=best + 1, **words)
    assert end_of(tmp_path, **words)[:3] == whole[:3]


def test_a_tuning_that_was_done_is_not_done_again(tmp_path: Path) -> None:
    whole = end_of(tmp_path)
    (place,) = tmp_path.iterdir()
    weights = sum(weight.numel() for weight in pico_subject("bert").model.parameters())
    assert place.stat().st_size < 4.5 * weights, "four bytes a weight"
    steps: list[int] = []
    again = end_of(tmp_path, progress=lambda step, done, total: steps.append(done))
    assert again[:3] == whole[:3]
    assert steps == [1]


@pytest.mark.parametrize(
    "words",
    [
        {"seed": 1},
        {"labels": OPPOSITE},
        {"schedule": replace(SCHEDULE, learning_rate=2e-3)},
        {"schedule": replace(SCHEDULE, epochs=5)},
        {"dtype": torch.bfloat16},
        {"rates": SOME_HEADS},
    ],
    ids=str,
)
def test_only_the_very_same_tuning_is_continued(tmp_path: Path, words: dict[str, Any]) -> None:
    interrupt(tmp_path, after=1)
    other = end_of(tmp_path, **words)
    assert other == end_of(None, **words)
    assert other[3] == []


def test_a_damaged_state_costs_time_and_nothing_else(tmp_path: Path) -> None:
    interrupt(tmp_path, after=2)
    (place,) = tmp_path.iterdir()
    data = bytearray(place.read_bytes())
    data[len(data) // 2] ^= 1
    place.write_bytes(data)
    ended = end_of(tmp_path)
    assert ended[:3] == end_of(None)[:3]
    (remark,) = ended[3]
    assert "damaged" in remark
