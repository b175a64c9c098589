from __future__ import annotations

import pytest
import torch

from sanitizer.model.evaluate import Outcomes
from sanitizer.model.measure import agreement, measure, share


def outcomes(correct: list[float], asked: list[float], loss: list[float]) -> Outcomes:
    return Outcomes(torch.tensor(correct), torch.tensor(asked), torch.tensor(loss), torch.tensor(correct).long())


def test_share_has_wilsons_interval() -> None:
    metric = share("accuracy", torch.tensor([True] * 80 + [False] * 20))
    # Wilson 1927 for 80 of 100 at 95 %: a value of the literature, not of this code.
    assert (metric.value, round(metric.low, 4), round(metric.high, 4), metric.n) == (0.8, 0.7112, 0.8666, 100)


def test_classifier_metrics() -> None:
    accuracy, loss = measure(outcomes([1, 0, 1, 1], [1, 1, 1, 1], [0.1, 2.0, 0.3, 0.2]), "classification", seed=0)
    assert (accuracy.name, accuracy.value, accuracy.n) == ("accuracy", 0.75, 4)
    assert loss.value == pytest.approx(0.65)
    assert loss.low < loss.value < loss.high


def test_causal_metrics_weigh_texts_by_their_tokens_and_repeat_for_a_seed() -> None:
    found = outcomes([1, 8], [10, 10], [20.0, 5.0])
    accuracy, loss = measure(found, "causal", seed=3)
    assert (accuracy.name, accuracy.value, accuracy.n) == ("next_token_accuracy", 0.45, 20)
    assert loss.value == 1.25
    assert (accuracy.low, accuracy.high) == (0.1, 0.8)
    assert measure(found, "causal", seed=3) == (accuracy, loss)


def test_interval_of_a_constant_is_a_point() -> None:
    (_, loss) = measure(outcomes([1, 1], [1, 1], [0.5, 0.5]), "classification", seed=0)
    assert (loss.low, loss.high) == (0.5, 0.5)


def test_agreement_compares_predictions_not_labels() -> None:
    one, other = outcomes([1, 0, 1], [1, 1, 1], [0, 0, 0]), outcomes([1, 1, 1], [1, 1, 1], [0, 0, 0])
    assert agreement(one, other).value == pytest.approx(2 / 3)
