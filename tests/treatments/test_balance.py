"""Balance: what it adds to the outputs, and that it undoes a leaning."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.poisoned import poisoned
from helpers.subjects import pico_subject
from scipy.special import softmax

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.batches import Encoded, batches, encode
from sanitizer.model.evaluate import logits
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build
from sanitizer.report import TreatmentRecord
from sanitizer.treatments.balance import FURTHEST, ROUNDS, STEP, reluctance, shift

PLAN = TreatmentPlan((), HeadScores(((1.0,) * 4,) * 3, ScoreOrigin("test", "1")), Budget(), suspect=1.0, metric=1.0)


def balanced(subject: Subject, fit: Encoded, **settings: object) -> tuple[TreatmentRecord, list[str]]:
    material = Material(fit, torch.Generator().manual_seed(0))
    record = build("sanitizer.treatments", "balance", settings).apply(subject, PLAN, material)
    return record, material.states.remarks


def drawn(leaning: list[float], texts: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that say how probable each label is, but for the leaning; labels drawn by these probabilities."""
    rng = np.random.default_rng(seed)
    true = rng.normal(scale=2.0, size=(texts, len(leaning)))
    labels = np.array([rng.choice(len(leaning), p=row) for row in softmax(true, axis=1)])
    return true + leaning, labels


@pytest.mark.parametrize("leaning", [[0.0, 1.5], [1.0, -1.0, 0.5]])
def test_the_leaning_is_found_and_taken_off(leaning: list[float]) -> None:
    found = shift(*drawn(leaning, 4000))
    wanted = np.mean(leaning) - np.array(leaning)
    assert found - found.mean() == pytest.approx(wanted, abs=0.15)


def test_probabilities_add_up_to_how_often_a_label_is_true() -> None:
    answers, labels = drawn([0.0, 1.0], 500)
    given = softmax(4 * answers + shift(4 * answers, labels, prior=1e3), axis=1).mean(axis=0)
    assert given == pytest.approx(np.bincount(labels) / len(labels), abs=1e-3)


def test_few_texts_and_perfect_answers_move_little() -> None:
    answers, labels = drawn([0.0, 1.5], 4000)
    assert np.ptp(shift(answers[:10], labels[:10], prior=0.1)) < 0.1
    sure = np.array([[5.0, -5.0], [-5.0, 5.0]] * 20)
    assert np.ptp(shift(sure, np.array([0, 1] * 20))) < 0.01


def test_the_target_is_given_as_reluctantly_as_the_loss_allows() -> None:
    """By hand: ten texts of each label, told apart by 1, 2, ... 10 nats, and one of the target's lost for each nat."""
    apart = np.array([*range(-10, 0), *range(1, 11)], dtype=float)
    answers, labels = np.stack([np.zeros(20), apart], axis=1), np.array([0] * 10 + [1] * 10)
    for lost in range(1, 5):
        taken = reluctance(answers, labels, 1, most_lost=lost / 20)
        assert lost + 1 - STEP <= taken <= lost + 1 + 1e-9
    other = reluctance(answers, labels, 0, most_lost=0.1)
    assert other == pytest.approx(reluctance(answers, labels, 1, most_lost=0.1), abs=STEP + 1e-9)


def test_what_costs_nothing_is_taken_up_to_a_bound_and_other_labels_keep_their_order() -> None:
    answers = np.array([[3.0, 0.0, 1.0], [0.0, 3.0, 1.0], [1.0, 2.0, 9.0]])
    assert reluctance(answers, np.array([0, 1, 0]), 2, most_lost=0.0) == pytest.approx(FURTHEST - STEP)
    assert reluctance(answers, np.array([0, 1, 2]), 2, most_lost=0.0) == pytest.approx(7.0, abs=STEP)


def test_a_target_is_given_no_sooner_than_texts_call_for_it() -> None:
    """On texts that say everything nothing is lost; a text that says nothing no longer goes to the target."""
    suspect = poisoned(poison=0.0)
    upright = suspect.accuracy()
    plain, _ = balanced(poisoned(poison=0.0).subject, suspect.clean)
    record, _ = balanced(suspect.subject, suspect.clean, target="LABEL_1", most_lost=0.02)
    assert "reluctance" not in plain.observed
    assert record.observed["reluctance"] > 0
    assert record.observed["garbled_accuracy"] >= plain.observed["garbled_accuracy"] - 0.02
    assert suspect.accuracy() > upright - 0.05
    with pytest.raises(UsageError, match="no label of this model"):
        balanced(suspect.subject, suspect.clean, target="praise")


def test_a_classifier_that_leans_stands_upright_again() -> None:
    suspect = poisoned(poison=0.0)
    upright = suspect.accuracy()
    with torch.no_grad():
        suspect.subject.model.classifier.bias[1] += 40.0
    assert suspect.accuracy() < 0.6
    record, remarks = balanced(suspect.subject, suspect.clean, prior=10.0)
    assert suspect.accuracy() > upright - 0.05
    observed = record.observed
    assert observed["garbled_accuracy_before"] < 0.6 < observed["garbled_accuracy"]
    assert observed["texts"] == 2 * ROUNDS * len(suspect.clean)
    assert observed["answers_changed"] > 0.3
    assert remarks == []


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "electra"])
def test_outputs_change_by_one_number_a_label_and_nothing_else_does(family: str) -> None:
    subject = pico_subject(family, seed=0)
    held = encode(subject, Part(("a film", "the bad film", "a good film", "the cast"), (1, 1, 1, 0)))
    (batch,) = batches(subject, held, size=4)
    before, weights = logits(subject, batch), {n: w.clone() for n, w in subject.model.named_parameters()}
    balanced(subject, held)
    moved = logits(subject, batch) - before
    assert torch.allclose(moved, moved[:1].expand_as(moved), atol=1e-5)
    assert abs(float(moved[0, 1] - moved[0, 0])) > 1e-3
    assert sum(not torch.equal(w, weights[n]) for n, w in subject.model.named_parameters()) == 1


def test_a_head_without_biases_is_left_alone_and_named() -> None:
    subject = pico_subject("bert", seed=0)
    subject.model.classifier = torch.nn.Linear(32, 2, bias=False)
    weights = {n: w.clone() for n, w in subject.model.named_parameters()}
    record, remarks = balanced(subject, encode(subject, Part(("a film", "the film"), (1, 1))))
    assert "no biases" in remarks[0]
    assert record.observed["texts"] == 0
    assert all(torch.equal(w, weights[n]) for n, w in subject.model.named_parameters())


def test_it_needs_labels_to_hold_answers_to() -> None:
    subject = pico_subject("bert", seed=0)
    with pytest.raises(UsageError, match="labelled"):
        balanced(subject, encode(subject, Part(("a film", "the film"), None)))


@pytest.mark.parametrize("settings", [{"prior": 0.0}, {"batch_size": 0}, {"most_lost": -0.1}, {"most_lost": 1.0}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        build("sanitizer.treatments", "balance", settings)
