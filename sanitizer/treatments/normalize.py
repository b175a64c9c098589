"""Attention normalization: fine-tunes while the deciding token is kept from fixing on single tokens.

Source: Zhao, Xu, Yuan, ICML 2024, PURE, step 2: cross-entropy + 0.15 * sum_l c_l sum_h sqrt(sum_batch sum_j A[CLS,
j]^2), with c the min-max of softmax(-log v) over layers and v_l the mean variance of the CLS attention of the heads
left in layer l.

A trigger works by drawing the deciding token's attention to itself; a row of attention that must stay flat cannot
follow it. Word triggers yield to this, syntactic ones hardly notice.

Departure: padding does not count in v, and the deciding token of causal models is the last real one.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from sanitizer.errors import UsageError
from sanitizer.model.activity import attention_variance, deciding_rows
from sanitizer.model.batches import Batch, batches
from sanitizer.model.material import Material
from sanitizer.model.observe import watched
from sanitizer.model.spread import total
from sanitizer.model.subject import Subject
from sanitizer.model.team import first
from sanitizer.model.tune import Schedule, clean_loss, tune
from sanitizer.plan import TreatmentPlan
from sanitizer.report import TreatmentRecord


@dataclass(frozen=True)
class Normalize(Schedule):
    """Parameters: those of the training loop, and the weight of the normalization.

    Clean text does not show what it achieves, so by default validation does not end it early: on a word backdoor,
    attack success fell from 100 to 96 and 86 % over three epochs in which validation accuracy stood still.
    """

    weight: float = 0.15
    patience: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weight < 0:
            raise UsageError("weight must not be negative")

    def apply(self, subject: Subject, plan: TreatmentPlan, material: Material) -> TreatmentRecord:
        """Tune all weights on the fit part; removed heads stay removed."""
        started = time.monotonic()
        made = batches(subject, material.fit, size=self.batch_size)
        variance = first(lambda: attention_variance(subject, made, progress=material.progress))
        coefficients = layer_weights(variance)

        def objective(subject: Subject, batch: Batch) -> Tensor:
            rows: list[Tensor] = []
            with watched(subject.anatomy, lambda layer, weights: rows.append(deciding_rows(subject, batch, weights))):
                loss = clean_loss(subject, batch)
            norms = [
                weight * total(batch, row.square().sum(dim=(0, 2))).sqrt().sum()
                for weight, row in zip(coefficients, rows, strict=True)
            ]
            return loss + self.weight * torch.stack(norms).sum()

        observed = tune(subject, material, self, objective=objective, step="normalize attention")
        return TreatmentRecord("normalize", asdict(self), observed, time.monotonic() - started)


def layer_weights(variance: tuple[tuple[float, ...], ...]) -> list[float]:
    """min-max of softmax(-log v) over layers: 1 for the layer of least variance, 0 for that of most.

    Where all layers are alike the min-max is undefined and every layer counts fully.
    """
    mean = torch.tensor([sum(row) / len(row) for row in variance], dtype=torch.float64).clamp(min=1e-12)
    share = torch.softmax(-mean.log(), dim=0)
    if float(share.max() - share.min()) == 0.0:
        return [1.0] * len(variance)
    return ((share - share.min()) / (share.max() - share.min())).tolist()
