from __future__ import annotations

import math

import pytest
import torch
from helpers.contexts import LABELS, TEXTS
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.batches import batches, encode
from sanitizer.model.material import Material
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build
from sanitizer.treatments.entropy import certainty

PLAN = TreatmentPlan((), HeadScores(((1.0,) * 4,) * 3, ScoreOrigin("test", "1")), Budget(), suspect=1.0, metric=1.0)


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_certainty_is_minus_the_mean_entropy_over_real_tokens(family: str) -> None:
    subject = pico_subject(family)
    (batch,) = batches(subject, encode(subject, Part(TEXTS, LABELS)), size=8)
    logits = subject.model(**batch.inputs).logits
    rows = logits if family == "bert" else logits[batch.inputs["attention_mask"].bool()]
    probabilities = rows.softmax(-1)
    entropy = -(probabilities * probabilities.log()).sum(-1).mean()
    assert float(certainty(subject, batch).detach()) == pytest.approx(-float(entropy.detach()), rel=1e-4)


def test_it_first_makes_the_model_unsure_and_then_teaches_it() -> None:
    subject = pico_subject("bert")
    data = encode(subject, Part(TEXTS, LABELS))
    entropy = build(
        "sanitizer.treatments",
        "entropy",
        {"unsure_epochs": 40, "epochs": 40, "learning_rate": 3e-3, "batch_size": 4},
    )
    observed = entropy.apply(subject, PLAN, Material(data, torch.Generator().manual_seed(0))).observed
    assert observed["last_unsure_entropy"] > 0.95 * math.log(2)
    assert observed["last_epoch_loss"] < 0.8 * observed["first_epoch_loss"]


def test_validation_does_not_keep_it_from_making_the_model_unsure() -> None:
    """By what validation measures, becoming unsure is getting worse."""
    subject = pico_subject("bert")
    data = encode(subject, Part(TEXTS, LABELS))
    settings = {"unsure_epochs": 40, "epochs": 2, "learning_rate": 3e-3, "batch_size": 4}
    material = Material(data, torch.Generator().manual_seed(0), validation=data)
    observed = build("sanitizer.treatments", "entropy", settings).apply(subject, PLAN, material).observed
    assert observed["last_unsure_entropy"] > 0.95 * math.log(2)
    assert observed["best_epoch"] <= observed["epochs"] <= 2


def test_senseless_settings_are_refused() -> None:
    with pytest.raises(UsageError):
        build("sanitizer.treatments", "entropy", {"unsure_epochs": 0})
