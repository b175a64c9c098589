from __future__ import annotations

import pytest
import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.heads import HeadId, HeadScores, ScoreOrigin
from sanitizer.model.batches import encode
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.options import Layout
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.treatments.remove import Remove

SCORES = HeadScores(((1.0,) * 4,) * 3, ScoreOrigin("test", "1"))
PLAN = TreatmentPlan((HeadId(0, 1), HeadId(2, 0)), SCORES, Budget(), suspect=1.0, metric=1.0)


def material(subject: Subject, layout: Layout = "compact") -> Material:
    return Material(encode(subject, Part(("a good film",), (1,))), torch.Generator().manual_seed(0), layout)


def test_compact_takes_the_parameters_of_the_heads_away() -> None:
    subject = pico_subject("bert")
    record = Remove().apply(subject, PLAN, material(subject))
    # Q, K, V rows with their biases and O columns of a head: 4 * 8 * 32 weights and 3 * 8 biases.
    assert record.observed == {"heads": 2.0, "parameters_removed": 2.0 * (4 * 8 * 32 + 3 * 8)}
    assert subject.anatomy.counts() == (3, 4, 3)


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_dense_keeps_every_shape_and_zeroes_what_is_the_heads_own(family: str) -> None:
    subject = pico_subject(family)
    shapes = {name: tensor.shape for name, tensor in subject.model.state_dict().items()}
    record = Remove().apply(subject, PLAN, material(subject, "dense"))
    assert record.parameters == {"layout": "dense"}
    assert record.observed["parameters_removed"] == 0
    assert {name: tensor.shape for name, tensor in subject.model.state_dict().items()} == shapes
    layer = subject.anatomy.layers[2]
    assert layer.output.weight[:, list(layer.columns(0))].abs().max() == 0
    assert layer.query(0).module.weight[list(layer.query(0).rows)].abs().max() == 0
    assert subject.zeroed == PLAN.remove
