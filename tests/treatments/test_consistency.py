from __future__ import annotations

import pytest
import torch
from helpers.contexts import LABELS, TEXTS
from helpers.pico import CONFIGS
from helpers.poisoned import poisoned
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.batches import Encoded, batches, encode
from sanitizer.model.hidden import hidden_states
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build
from sanitizer.report import TreatmentRecord
from sanitizer.treatments.consistency import roughness

PLAN = TreatmentPlan((), HeadScores(((1.0,) * 4,) * 3, ScoreOrigin("test", "1")), Budget(), suspect=1.0, metric=1.0)


def smoothed(subject: Subject, fit: Encoded, **settings: object) -> TreatmentRecord:
    material = Material(fit, torch.Generator().manual_seed(0))
    return build("sanitizer.treatments", "consistency", settings).apply(subject, PLAN, material)


@torch.no_grad()
def rough(subject: Subject, data: Encoded) -> float:
    (batch,) = batches(subject, data, size=len(data))
    with hidden_states(subject.anatomy) as states:
        subject.model(**batch.inputs)
    return float(roughness(states, batch.inputs["attention_mask"]))


def test_roughness_is_one_minus_the_cosine() -> None:
    east, north = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[0.0, 2.0]]])
    one = torch.ones(1, 1)
    assert float(roughness([east, 3 * east], one)) == pytest.approx(0.0)
    assert float(roughness([east, north], one)) == pytest.approx(1.0)
    assert float(roughness([east, -east, -east], one)) == pytest.approx(1.0)
    padded = [torch.cat([east, state], dim=1) for state in (east, north)]
    assert float(roughness(padded, torch.tensor([[1.0, 0.0]]))) == pytest.approx(0.0)


@pytest.mark.parametrize("family", CONFIGS)
def test_layers_become_smoother(family: str) -> None:
    subject = pico_subject(family)
    data = encode(subject, Part(TEXTS, None if subject.task == "causal" else LABELS))
    before = rough(subject, data)
    record = smoothed(subject, data, epochs=8, learning_rate=3e-3)
    assert rough(subject, data) < before
    assert record.observed["last_epoch_loss"] < record.observed["first_epoch_loss"]


def test_the_task_is_kept() -> None:
    suspect = poisoned(poison=0.0)
    smoothed(suspect.subject, suspect.clean, epochs=3, learning_rate=1e-3)
    assert suspect.accuracy() > 0.95


def test_no_more_texts_are_used_than_asked_for_and_nothing_is_left_on_the_model() -> None:
    suspect = poisoned()
    table = suspect.subject.model.get_input_embeddings()
    record = smoothed(suspect.subject, suspect.clean, epochs=1, texts=8, weight=0.0, epsilon=0.0)
    assert record.parameters["texts"] == 8
    assert not table._forward_hooks
    assert not any(layer.block._forward_hooks for layer in suspect.subject.anatomy.layers)


def test_a_model_of_one_layer_has_nothing_to_hold_against_another() -> None:
    subject = pico_subject("bert", num_hidden_layers=1)
    with pytest.raises(UsageError, match="only one"):
        smoothed(subject, encode(subject, Part(TEXTS, LABELS)))


def test_defaults_are_those_of_the_paper() -> None:
    consistency = build("sanitizer.treatments", "consistency", {})
    assert (consistency.weight, consistency.epsilon) == (5.5, 0.1)


@pytest.mark.parametrize("settings", [{"weight": -1.0}, {"epsilon": -0.1}, {"texts": 0}])
def test_senseless_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        build("sanitizer.treatments", "consistency", settings)
