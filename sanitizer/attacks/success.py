"""How often an attack reaches its goal, with an interval."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from sanitizer.model.measure import share
from sanitizer.report import Metric


def attack_success(predictions: Iterable[int], target: int) -> Metric:
    """The share of predictions on triggered texts that are the attacker's `target`, with its 95 % Wilson interval.

    The texts must not belong to the target class: their true class is another one, or success would mean nothing. On
    the same texts a clean model gives the *benign floor*, below which no cure can be expected to get. Raises
    ValueError without predictions.
    """
    hits = [prediction == target for prediction in predictions]
    if not hits:
        raise ValueError("no predictions: attack success of nothing is not defined")
    return share("attack success", torch.tensor(hits))
