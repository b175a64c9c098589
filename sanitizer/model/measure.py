"""Metrics with intervals, on data that no step has seen."""

from __future__ import annotations

import numpy as np
import torch
from scipy.stats import binomtest, bootstrap

from sanitizer.model.evaluate import Outcomes
from sanitizer.report import Metric, Task

RESAMPLES = 2000


def measure(outcomes: Outcomes, task: Task, *, seed: int) -> tuple[Metric, ...]:
    """Accuracy and loss (nats) with 95 % intervals.

    Classifiers: Wilson's interval for the accuracy. Causal models: tokens of one text depend on each other, so texts
    are resampled (percentile bootstrap), as they are for every mean loss.
    """
    if task == "classification":
        return (share("accuracy", outcomes.correct.bool()), ratio("loss", outcomes.loss, outcomes.asked, seed))
    return (
        ratio("next_token_accuracy", outcomes.correct, outcomes.asked, seed),
        ratio("next_token_loss", outcomes.loss, outcomes.asked, seed),
    )


def agreement(outcomes: Outcomes, suspect: Outcomes) -> Metric:
    """Share of texts a classifier labels as the suspect did."""
    return share("agreement_with_suspect", outcomes.predicted == suspect.predicted)


def share(name: str, hits: torch.Tensor) -> Metric:
    """A share of texts with Wilson's 95 % interval."""
    count, total = int(hits.sum()), len(hits)
    interval = binomtest(count, total).proportion_ci(confidence_level=0.95, method="wilson")
    return Metric(name, count / total, float(interval.low), float(interval.high), total)


def ratio(name: str, parts: torch.Tensor, wholes: torch.Tensor, seed: int) -> Metric:
    """Sum of parts over sum of wholes, texts resampled together."""
    pairs = (parts.double().numpy(), wholes.double().numpy())
    value = float(pairs[0].sum() / pairs[1].sum())
    if len(pairs[0]) < 2 or float(np.ptp(pairs[0] / np.maximum(pairs[1], 1))) == 0.0:
        return Metric(name, value, value, value, int(pairs[1].sum()))  # nothing to resample

    def ratio(part: np.ndarray, whole: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.asarray(part.sum(axis=axis) / whole.sum(axis=axis))

    interval = bootstrap(
        pairs,
        ratio,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=100,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Metric(name, value, float(interval.low), float(interval.high), int(pairs[1].sum()))
