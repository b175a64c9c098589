from __future__ import annotations

from operator import itemgetter

import pytest
import torch
from helpers.contexts import LABELS, TEXTS
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.heads import HeadId, HeadScores, ScoreOrigin
from sanitizer.model.activity import attention_variance
from sanitizer.model.batches import batches, encode
from sanitizer.model.material import Material
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build
from sanitizer.treatments.normalize import layer_weights

PLAN = TreatmentPlan(
    (HeadId(0, 0),), HeadScores(((1.0,) * 4,) * 3, ScoreOrigin("test", "1")), Budget(), suspect=1.0, metric=1.0
)


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_it_flattens_the_deciding_tokens_attention_in_the_layer_that_weighs_most(family: str) -> None:
    def variance(weight: float) -> float:
        subject = pico_subject(family)
        labels = None if family == "llama" else LABELS
        data = encode(subject, Part(TEXTS, labels))
        heaviest = max(
            enumerate(layer_weights(attention_variance(subject, batches(subject, data, size=4)))), key=itemgetter(1)
        )
        normalize = build(
            "sanitizer.treatments",
            "normalize",
            {"weight": weight, "epochs": 40, "learning_rate": 3e-3, "batch_size": 4},
        )
        record = normalize.apply(subject, PLAN, Material(data, torch.Generator().manual_seed(0)))
        assert record.name == "normalize"
        return sum(attention_variance(subject, batches(subject, data, size=4))[heaviest[0]])

    assert variance(5.0) < 0.7 * variance(0.0)


def test_layers_of_little_variance_weigh_most() -> None:
    # softmax(-log v) is 1/v over the sum of 1/v: for v = 1, 2, 4 the shares are 4/7, 2/7, 1/7.
    assert layer_weights(((1.0, 1.0), (2.0,), (3.0, 5.0))) == pytest.approx([1.0, 1 / 3, 0.0])
    assert layer_weights(((1.0,), (1.0,))) == [1.0, 1.0]


def test_defaults_are_those_of_the_paper_and_a_negative_weight_is_refused() -> None:
    made = build("sanitizer.treatments", "normalize", {})
    assert (made.weight, made.epochs, made.learning_rate, made.patience) == (0.15, 3, 2e-5, 0)
    with pytest.raises(UsageError):
        build("sanitizer.treatments", "normalize", {"weight": -1.0})
