"""Steps of a run that take as many texts at a time as memory bears: see `sanitizer.model.halving`."""

from __future__ import annotations

from typing import Any

import torch

from sanitizer.cleandata import CleanData
from sanitizer.heads import HeadScores
from sanitizer.model.base import Base
from sanitizer.model.batches import Encoded, batches
from sanitizer.model.context import Context
from sanitizer.model.evaluate import Outcomes, evaluate
from sanitizer.model.halving import Halving
from sanitizer.model.judge import Judge
from sanitizer.model.subject import Subject
from sanitizer.options import ScanOptions
from sanitizer.plan import Budget, TreatmentPlan, choose
from sanitizer.progress import Progress
from sanitizer.report import ForensicsRecord, ScanRecord
from sanitizer.scan.heads import scan_heads


def measured(name: str, subject: Subject, data: Encoded, sizes: Halving, progress: Progress) -> Outcomes:
    """What the model gets right; `name` is that of the step."""
    return sizes.work(
        name, lambda size: evaluate(subject, batches(subject, data, size=size), progress=progress, step=name)
    )


def seen(
    options: ScanOptions,
    subject: Subject,
    data: CleanData,
    sizes: Halving,
    progress: Progress,
    *,
    base: Base | None = None,
) -> ScanRecord:
    """What a scan sees in the heads, on the fit part."""

    def look(size: int) -> ScanRecord:
        return scan_heads(
            subject, data.fit, batch_size=size, ablate=options.ablate, base=base, seed=options.seed, progress=progress
        )

    return sizes.work("scan", look)


def scored(
    strategy: Any,
    subject: Subject,
    fit: Encoded,
    sizes: Halving,
    *,
    generator: torch.Generator,
    forensics: ForensicsRecord | None,
    progress: Progress,
) -> HeadScores:
    """What the strategy makes of the fit part, and of what forensics said in the scan."""

    def score(size: int) -> HeadScores:
        context = Context(subject, batches(subject, fit, size=size), generator, progress, forensics)
        found: HeadScores = strategy.score(context)
        return found

    return sizes.work("score", score, generator=generator)


def picked(
    scores: HeadScores,
    budget: Budget,
    subject: Subject,
    validation: Encoded,
    sizes: Halving,
    *,
    generator: torch.Generator,
    progress: Progress,
) -> TreatmentPlan:
    """Which heads go, judged on the validation part."""

    def pick(size: int) -> TreatmentPlan:
        return choose(scores, budget, Judge(subject, validation, size=size, generator=generator, progress=progress))

    return sizes.work("choose", pick, generator=generator)
