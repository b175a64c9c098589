from __future__ import annotations

import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.heads import HeadId, HeadScores, ScoreOrigin
from sanitizer.model.batches import encode
from sanitizer.model.material import Material
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build
from sanitizer.treatments.remove import Remove

TEXTS = tuple(f"{word} film {end}" for word in ("good", "great", "bad", "dull") for end in (".", ",", "!"))
LABELS = tuple(int(text.split()[0] in {"good", "great"}) for text in TEXTS)
PLAN = TreatmentPlan(
    (HeadId(0, 0),), HeadScores(((1.0,) * 4,) * 3, ScoreOrigin("test", "1")), Budget(), suspect=1.0, metric=1.0
)


def test_it_lowers_the_clean_loss_and_zeroed_heads_stay_zero() -> None:
    subject = pico_subject("llama")
    material = Material(encode(subject, Part(TEXTS)), torch.Generator().manual_seed(0))
    Remove().apply(subject, PLAN, material)
    finetune = build("sanitizer.treatments", "finetune", {"epochs": 10, "learning_rate": 1e-3, "batch_size": 4})
    record = finetune.apply(subject, PLAN, material)
    assert record.observed["last_epoch_loss"] < record.observed["first_epoch_loss"]
    assert record.parameters["epochs"] == 10
    assert subject.zeroed == (HeadId(0, 0),)
    layer = subject.anatomy.layers[0]
    assert layer.output.weight[:, list(layer.columns(0))].abs().max() == 0


def test_defaults_are_those_of_the_paper() -> None:
    finetune = build("sanitizer.treatments", "finetune", {})
    assert (finetune.epochs, finetune.learning_rate, finetune.batch_size) == (3, 2e-5, 32)
