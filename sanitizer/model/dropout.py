"""Gradient importance with dropout on: one sample of what a head is worth."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from sanitizer.heads import Grid
from sanitizer.model.batches import Batch
from sanitizer.model.importance import gate_importance
from sanitizer.model.randomness import seeded
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent


def dropout_rate(subject: Subject) -> float:
    """The largest dropout of the model's own modules and attention, 0 if it has none."""
    modules = [module.p for module in subject.model.modules() if isinstance(module, nn.Dropout)]
    return max([*modules, float(getattr(subject.model.config, "attention_dropout", 0.0) or 0.0)], default=0.0)


def sampled_importance(
    subject: Subject,
    batches: Sequence[Batch],
    *,
    gate_dropout: float,
    generator: torch.Generator,
    progress: Progress = silent,
    step: str = "importance",
) -> Grid:
    """Gate importance with the model's dropout on and, if `gate_dropout` > 0, whole heads dropped at that rate.

    A dropped head passes nothing on and the others are scaled up, as in ordinary dropout. The global random state is
    seeded from `generator` and put back; the model ends in eval mode.
    """
    with seeded(subject.device, generator=generator):
        subject.model.train()
        try:
            return gate_importance(subject, batches, gate_dropout=gate_dropout, progress=progress, step=step)
        finally:
            subject.model.eval()
