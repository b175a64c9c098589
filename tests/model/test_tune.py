from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from helpers.contexts import digest
from helpers.subjects import pico_subject
from torch import Tensor

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import evaluate
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.model.training import Trainer
from sanitizer.model.tune import Schedule, tune
from sanitizer.progress import Progress, silent

TEXTS = tuple(
    f"{word} film {end}" for word in ("good", "great", "fine", "bad", "dull", "poor") for end in (".", ",", "!")
)
LABELS = tuple(int(text.split()[0] in {"good", "great", "fine"}) for text in TEXTS)
OPPOSITE = tuple(1 - label for label in LABELS)
FAST = Schedule(epochs=60, learning_rate=3e-3, batch_size=6)


def material(
    subject: Subject,
    seed: int = 0,
    *,
    texts: int = len(TEXTS),
    validation: tuple[int, ...] | None = None,
    progress: Progress = silent,
) -> Material:
    """To learn what the texts teach; if asked for, to be validated by these labels of the same texts."""
    return Material(
        encode(subject, Part(TEXTS[:texts], LABELS[:texts])),
        torch.Generator().manual_seed(seed),
        progress=progress,
        validation=None if validation is None else encode(subject, Part(TEXTS, validation)),
    )


def tuned(seed: int) -> tuple[Subject, dict[str, float]]:
    subject = pico_subject("bert")
    return subject, tune(subject, material(subject, seed), FAST)


def test_it_learns_what_the_texts_teach() -> None:
    subject, observed = tuned(0)
    made = batches(subject, encode(subject, Part(TEXTS, LABELS)), size=6)
    assert evaluate(subject, made).accuracy == 1.0
    assert observed["last_epoch_loss"] < observed["first_epoch_loss"] / 2
    assert not subject.model.training


def test_same_seed_same_weights_whatever_the_global_state() -> None:
    torch.manual_seed(1)
    one, _ = tuned(5)
    torch.manual_seed(2)
    two, _ = tuned(5)
    other, _ = tuned(6)
    pairs = list(zip(one.model.parameters(), two.model.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not all(torch.equal(a, b) for a, b in zip(one.model.parameters(), other.model.parameters(), strict=True))


def test_the_global_random_state_is_put_back() -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    tuned(5)
    # building the tiny model forks the state too, so nothing at all may have been drawn
    assert torch.equal(before, torch.random.get_rng_state())


def test_progress_counts_every_step() -> None:
    seen: list[tuple[int, int]] = []
    subject = pico_subject("bert")
    watched = material(subject, texts=5, progress=lambda step, done, total: seen.append((done, total)))
    tune(subject, watched, Schedule(epochs=2, batch_size=2))
    assert list(dict.fromkeys(seen)) == [(done, 6) for done in range(7)]
    assert seen.count((0, 6)) == 1, "a step that reports zero again is shown as a new one"


def test_validation_is_part_of_the_step_and_stopping_early_ends_it() -> None:
    seen: list[tuple[str, int, int]] = []
    subject = pico_subject("bert")
    watched = material(
        subject, texts=5, validation=OPPOSITE, progress=lambda step, done, total: seen.append((step, done, total))
    )
    # Three batches to learn from and nine to be validated on, twenty times; it worsens from the first epoch on.
    observed = tune(subject, watched, Schedule(epochs=20, batch_size=2, learning_rate=3e-3))
    assert observed["epochs"] < 20
    done = [done for _, done, _ in seen]
    assert done == sorted(done)
    assert {(step, total) for step, _, total in seen} == {("fine-tune", 240)}
    assert list(dict.fromkeys(done)) == [*range(12 * int(observed["epochs"]) + 1), 240]


def test_it_stops_when_validation_gets_no_better_and_puts_the_best_weights_back() -> None:
    """By labels that say the opposite, every step that learns makes things worse."""
    stopped, once = pico_subject("bert"), pico_subject("bert")
    slow = Schedule(epochs=20, learning_rate=1e-3, batch_size=6, warmup=0.0)
    observed = tune(stopped, material(stopped, validation=OPPOSITE), slow)
    assert observed["epochs"] == observed["best_epoch"] + 1 < 20
    told = evaluate(stopped, batches(stopped, encode(stopped, Part(TEXTS, OPPOSITE)), size=6))
    assert observed["best_validation_accuracy"] == told.accuracy
    assert observed["best_validation_loss"] == pytest.approx(told.mean_loss, rel=1e-5)

    def after_the_best(step: str, done: int, total: int) -> None:
        if done == 6 * observed["best_epoch"] - 3:  # three batches to learn from, three to be validated on
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(once, material(once, validation=OPPOSITE, progress=after_the_best), slow)
    assert digest(stopped) == digest(once)


def test_without_patience_validation_is_not_looked_at() -> None:
    subject, blind = pico_subject("bert"), pico_subject("bert")
    schedule = replace(FAST, epochs=3, patience=0)
    observed = tune(subject, material(subject, validation=OPPOSITE), schedule)
    assert observed == tune(blind, material(blind), schedule)
    assert digest(subject) == digest(blind)


def test_validation_that_never_stops_it_changes_no_weight() -> None:
    """It draws nothing at random, and the dropout is off in it alone."""
    watched, blind = pico_subject("bert"), pico_subject("bert")
    schedule = Schedule(epochs=3, learning_rate=3e-3, batch_size=6, patience=3)
    observed = tune(watched, material(watched, validation=LABELS), schedule)
    assert observed["best_epoch"] == 3
    assert "best_epoch" not in tune(blind, material(blind), schedule)
    assert digest(watched) == digest(blind)


def test_the_rate_climbs_from_zero_and_falls_to_zero_in_straight_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    step = Trainer.step

    def noted(trainer: Trainer, value: Callable[[], Tensor]) -> float:
        rates.append(trainer.optimizer.param_groups[0]["lr"])
        return step(trainer, value)

    monkeypatch.setattr(Trainer, "step", noted)
    subject = pico_subject("bert")
    tune(subject, material(subject, texts=10), Schedule(epochs=2, learning_rate=8.0, batch_size=2, warmup=0.4))
    # Ten steps, four of them warming up: 0 to 8 in steps of 2, then down to the zero of an eleventh.
    assert rates == pytest.approx([0, 2, 4, 6, 8, 8 * 5 / 6, 8 * 4 / 6, 8 * 3 / 6, 8 * 2 / 6, 8 / 6])


@pytest.mark.parametrize(
    "wrong",
    [
        {"patience": -1},
        {"epochs": 0},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"clip": 0.0},
        {"warmup": 1.1},
        {"warmup": -0.1},
    ],
)
def test_senseless_schedules_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Schedule(**wrong)
