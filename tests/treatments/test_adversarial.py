"""Adversarial: a universal shift of hidden states is found, and then no longer leads to its label."""

from __future__ import annotations

import pytest
import torch
from helpers.contexts import LABELS, TEXTS
from helpers.poisoned import TARGET, poisoned
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.batches import Encoded, batches, encode
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build
from sanitizer.report import TreatmentRecord
from sanitizer.treatments.adversarial import _Shift

PLAN = TreatmentPlan((), HeadScores(((1.0,) * 4,) * 3, ScoreOrigin("test", "1")), Budget(), suspect=1.0, metric=1.0)


def hardened(subject: Subject, fit: Encoded, **settings: object) -> TreatmentRecord:
    material = Material(fit, torch.Generator().manual_seed(0))
    return build("sanitizer.treatments", "adversarial", settings).apply(subject, PLAN, material)


def shifted(subject: Subject, data: Encoded, *, label: int = TARGET, epsilon: float = 0.4) -> float:
    """The task's loss under the worst shift that many steps find."""
    (batch,) = batches(subject, data, size=len(data))
    subject.model.eval()
    shift = _Shift(subject, 1, label)
    shift.found(subject, batch, epsilon=epsilon, steps=20)
    with torch.no_grad():
        return float(shift.task(subject, batch))


def test_a_shift_raises_the_loss_of_other_labels_and_stays_within_its_norm() -> None:
    suspect = poisoned(poison=0.0)
    subject, data = suspect.subject, suspect.clean
    (batch,) = batches(subject, data, size=len(data))
    shift = _Shift(subject, 1, TARGET)
    shift.found(subject, batch, epsilon=0.4, steps=20)
    moved = float(shift.task(subject, batch).detach())
    assert moved > 3 * shifted(subject, data, epsilon=0.01)
    real = batch.inputs["attention_mask"]
    norm = float((shift._norms * real).sum() / real.sum())
    assert 0 < float(shift._by.norm()) <= 0.4 * norm * 1.01
    assert not any(layer.block._forward_hooks for layer in subject.anatomy.layers)


def test_texts_of_the_label_itself_are_not_moved() -> None:
    suspect = poisoned(poison=0.0)
    (batch,) = batches(suspect.subject, suspect.clean, size=len(suspect.clean))
    shift = _Shift(suspect.subject, 1, TARGET)
    shift.found(suspect.subject, batch, epsilon=5.0, steps=5)
    with torch.no_grad():
        apart = (shift._answers(suspect.subject, batch) - suspect.subject.model(**batch.inputs).logits).abs().sum(dim=1)
    assert batch.labels is not None
    assert apart[batch.labels == TARGET].max() < 1e-4
    assert apart[batch.labels != TARGET].min() > 1e-3


@pytest.mark.parametrize("target", ["none", f"LABEL_{TARGET}"])
def test_after_it_the_shift_leads_less_far_and_the_task_is_kept(target: str) -> None:
    suspect = poisoned()
    before = shifted(suspect.subject, suspect.clean)
    hardened(suspect.subject, suspect.clean, target=target, epochs=4, learning_rate=3e-3)
    assert shifted(suspect.subject, suspect.clean) < 0.7 * before
    assert suspect.accuracy() > 0.95


def test_what_the_model_does_not_have_is_refused() -> None:
    subject = pico_subject("bert")
    data = encode(subject, Part(TEXTS, LABELS))
    with pytest.raises(UsageError, match="no layer 3: the last is 2"):
        hardened(subject, data, layer=3)
    with pytest.raises(UsageError, match="no label of this model"):
        hardened(subject, data, target="praise")
    with pytest.raises(UsageError, match="labelled"):
        hardened(subject, encode(subject, Part(TEXTS, None)))


@pytest.mark.parametrize("settings", [{"layer": -1}, {"epsilon": 0.0}, {"steps": 0}])
def test_senseless_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        build("sanitizer.treatments", "adversarial", settings)
