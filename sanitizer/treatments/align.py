"""Attention safety alignment: suspicious heads learn to attend as the trusted ones of their layer do.

Source: Jin et al., AAAI 2026, arXiv 2511.13789: with A(x) the mean attention of the safe heads, minimise the sum over
suspicious heads of ||A^h(x) - A(x)||_F^2, and let nothing but the suspicious heads learn.

Heads are told apart by `sanitizer.model.safety` on the model as it is when the treatment begins. Every weight that is
not a suspicious head's own stays as it is, bit for bit: keys and values that it shares with another head do too.

Departures: the distance is a mean over suspicious heads, real tokens and texts (AdamW takes no notice of a constant
factor), padding does not count, and no gradient flows through the mean, so that trusted heads are followed and do not
move through the layers below them. Where a layer has no trusted head the intermediate ones stand in; where all its
heads are suspicious there is none to follow, and where none is there is nothing to do: such a layer is left out.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import torch
from torch import Tensor

from sanitizer.model.backoff import backed_off
from sanitizer.model.batches import Batch
from sanitizer.model.material import Material
from sanitizer.model.observe import watched
from sanitizer.model.rates import Rates
from sanitizer.model.safety import ByClass
from sanitizer.model.spread import Total, here, total
from sanitizer.model.subject import Subject
from sanitizer.model.tune import Objective, tune
from sanitizer.model.validation import validator
from sanitizer.plan import TreatmentPlan
from sanitizer.report import HeadClass, SafetyRecord, TreatmentRecord


@dataclass(frozen=True)
class Align(ByClass):
    """Parameters: those of the training loop and of the safety score.

    It is paid for in accuracy on clean text, so by default validation does not end it early. The paper names no rate:
    at 3e-4 on 700 texts one MiniLM of six layers fell from 89 to 84 % of clean texts right, and tuning won 3 points
    back; at 1e-3 it ended at 66 %. Another of the same shape fell to 50 % at 3e-4: look at the accuracy.
    """

    learning_rate: float = 3e-4
    patience: int = 0

    def apply(self, subject: Subject, plan: TreatmentPlan, material: Material) -> TreatmentRecord:
        """Judge the heads and align the suspicious ones on the fit part."""
        started = time.monotonic()
        safety = self.judge(subject, material)
        score = validator(subject, material, size=self.batch_size, step="validate alignment")
        attempt = partial(self.align, subject, material, safety)
        tried = backed_off(subject, plan.budget, score, attempt, remarks=material.states.remarks)
        observed = {"pace": tried.pace, **tried.observed}
        return TreatmentRecord("align", asdict(self), observed, time.monotonic() - started)

    def align(self, subject: Subject, material: Material, safety: SafetyRecord, pace: float = 1.0) -> dict[str, float]:
        """Align heads that were judged before, at a share `pace` of the learning rate; what was observed."""
        roles = {}
        for layer, row in enumerate(safety.classes):
            dead = {head.head for head in subject.zeroed if head.layer == layer}
            if all(pair := followers(row, dead)):
                roles[layer] = pair
        counts = {"aligned_heads": float(sum(len(pair[0]) for pair in roles.values())), "layers": float(len(roles))}
        if not roles:
            return counts
        learning = tuple(
            tuple(float(layer in roles and head in roles[layer][0]) for head in range(len(row)))
            for layer, row in enumerate(safety.classes)
        )
        observed = tune(
            subject,
            material,
            replace(self, learning_rate=pace * self.learning_rate),
            objective=_distance(roles),
            rates=Rates(learning, 0.0),
            step="align attention",
        )
        return counts | observed


def followers(classes: Sequence[HeadClass], dead: Collection[int] = ()) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Heads of a layer that are to follow, and those they follow: the trusted, else the intermediate ones.

    Dead heads, which were removed by zeroing and attend evenly, do neither.
    """

    def of(name: HeadClass) -> tuple[int, ...]:
        return tuple(head for head, found in enumerate(classes) if found == name and head not in dead)

    return of("suspicious"), of("trusted") or of("intermediate")


def distance(
    weights: Tensor, real: Tensor, following: Sequence[int], followed: Sequence[int], *, total: Total = here
) -> Tensor:
    """Sum over the following heads of the squared distance of an attention row from the followed heads' mean row.

    A mean over real tokens; [batch, head, query, key] and [batch, token] to a scalar. It is 2 for two rows that each
    look at one token alone, and not at the same one. `total` sums over all processes that have texts.
    """
    weights = weights.float()
    target = weights[:, list(followed)].mean(dim=1, keepdim=True).detach()
    rows = (weights[:, list(following)] - target).square().sum(dim=3)
    return total((rows * real[:, None]).sum()) / total(real.sum())


def _distance(roles: Mapping[int, tuple[tuple[int, ...], tuple[int, ...]]]) -> Objective:
    heads = sum(len(following) for following, _ in roles.values())

    def objective(subject: Subject, batch: Batch) -> Tensor:
        apart: list[Tensor] = []

        def see(layer: int, weights: Tensor) -> None:
            if layer in roles:
                real = batch.inputs["attention_mask"].float()
                apart.append(distance(weights, real, *roles[layer], total=partial(total, batch)))

        with watched(subject.anatomy, see):
            subject.model(**batch.inputs)
        return torch.stack(apart).sum() / heads

    return objective
