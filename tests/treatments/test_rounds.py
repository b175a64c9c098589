from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from helpers.contexts import LABELS, TEXTS, digest
from helpers.subjects import pico_subject

import sanitizer.treatments.rounds as module
from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.batches import batches, encode
from sanitizer.model.early import Score
from sanitizer.model.evaluate import evaluate
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build
from sanitizer.report import HeadClass, SafetyRecord, TreatmentRecord
from sanitizer.treatments.align import Align
from sanitizer.treatments.headtune import Headtune
from sanitizer.treatments.rounds import Rounds

PLAN = TreatmentPlan((), HeadScores(((1.0,) * 4,) * 3, ScoreOrigin("test", "1")), Budget(), suspect=1.0, metric=1.0)
FAST = {"epochs": 1, "batch_size": 4, "align_epochs": 1, "texts": 8}


def material(subject: Subject, *, validated: bool = True) -> Material:
    data = encode(subject, Part(TEXTS, LABELS))
    return Material(data, torch.Generator().manual_seed(0), validation=data if validated else None)


def applied(
    monkeypatch: pytest.MonkeyPatch, accuracies: Sequence[float] = (), **settings: object
) -> tuple[Subject, TreatmentRecord]:
    """With these accuracies on validation data, round after round; without any, without validation data."""
    scores = iter([Score(accuracy, 0.5) for accuracy in (*accuracies[:1], *accuracies)])
    if accuracies:
        monkeypatch.setattr(module, "validator", lambda *_, **__: lambda: next(scores))
    subject = pico_subject("bert")
    rounds: Rounds = build("sanitizer.treatments", "rounds", {**FAST, **settings})
    return subject, rounds.apply(subject, PLAN, material(subject, validated=bool(accuracies)))


def test_a_round_is_alignment_and_tuning_by_one_judgement(monkeypatch: pytest.MonkeyPatch) -> None:
    subject, record = applied(monkeypatch)
    other = pico_subject("bert")
    given = material(other)
    align = Align(epochs=1, batch_size=4, texts=8)
    safety = align.judge(other, given)
    align.align(other, given, safety)
    Headtune(epochs=1, batch_size=4, texts=8).tune(other, given, safety)
    assert digest(subject) == digest(other)
    assert record.observed["rounds"] == 1
    assert record.observed["round_1_suspicious_heads"] == len(safety.of_class("suspicious"))


def test_a_round_that_validation_does_not_find_better_is_undone_and_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    digests = {}
    for name, accuracies in {"one": (0.8,), "two": (0.8, 0.9), "worse": (0.8, 0.7), "equal": (0.8, 0.8)}.items():
        subject, record = applied(monkeypatch, accuracies, rounds=len(accuracies))
        digests[name] = digest(subject)
        assert record.observed["rounds"] == (2 if name == "two" else 1)
        assert f"round_{len(accuracies)}_validation_accuracy" in record.observed
    assert digests["one"] == digests["worse"] == digests["equal"] != digests["two"]
    _, record = applied(monkeypatch, (0.8, 0.7), rounds=9)  # a third would have no score to take
    assert record.observed["rounds"] == 1


def test_a_first_round_beyond_the_budget_is_done_again_more_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([Score(accuracy, 0.5) for accuracy in (0.9, 0.5, 0.7, 0.89)])
    with monkeypatch.context() as patched:
        patched.setattr(module, "validator", lambda *_, **__: lambda: next(scores))
        subject = pico_subject("bert")
        rounds = build("sanitizer.treatments", "rounds", {**FAST, "rounds": 1})
        record = rounds.apply(subject, PLAN, material(subject))
    assert record.observed["pace"] == pytest.approx(1 / 9)
    assert record.observed["round_1_validation_accuracy"] == 0.89
    scores = iter([Score(0.9, 0.5), *[Score(0.5, 0.5)] * 4])
    with monkeypatch.context() as patched:
        patched.setattr(module, "validator", lambda *_, **__: lambda: next(scores))
        record = rounds.apply(untouched := pico_subject("bert"), PLAN, material(untouched))
    assert (record.observed["rounds"], record.observed["pace"]) == (0, 0)
    assert digest(untouched) == digest(pico_subject("bert"))


def test_without_a_suspicious_head_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    classes: tuple[HeadClass, ...] = ("trusted",) * 4
    none = SafetyRecord(0.4, 0.45, ((1.0,) * 4,) * 3, (classes,) * 3)
    monkeypatch.setattr(Rounds, "judge", lambda *_: none)
    subject, record = applied(monkeypatch, (0.8,))
    assert record.observed == {"rounds": 0.0}
    assert digest(subject) == digest(pico_subject("bert"))


def test_validation_is_measured_on_the_validation_part() -> None:
    subject = pico_subject("bert")
    given = material(subject)
    assert given.validation is not None
    wrong = replace(given.validation, labels=tuple(1 - label for label in LABELS))
    record = build("sanitizer.treatments", "rounds", {**FAST, "rounds": 1}).apply(
        subject, replace(PLAN, budget=Budget(max_accuracy_drop=1.0)), replace(given, validation=wrong)
    )
    assert record.observed["round_1_validation_accuracy"] == pytest.approx(
        1 - evaluate(subject, batches(subject, given.fit, size=4)).accuracy
    )


def test_senseless_parameters_are_refused() -> None:
    for wrong in ({"rounds": 0}, {"align_epochs": 0}, {"align_rate": 0.0}):
        with pytest.raises(UsageError):
            build("sanitizer.treatments", "rounds", wrong)
