"""What clean accuracy loses or gains when one head alone is gated off, for every head, with intervals.

All heads are asked on one model: a pass over the texts keeps what the layers hand on, and each head's passes begin at
its own layer. Texts are compared with themselves, so an interval is that of a difference between paired shares.

Source of the interval for classifiers: Agresti and Min 2005, Simple improved confidence intervals for comparing matched
proportions (half a text is added to each of the four cells; without that, a head whose absence changes no answer would
have an interval of no width). In causal models, where a text holds many answers, texts are resampled.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sanitizer.heads import HeadId
from sanitizer.model.batches import Batch, Encoded, batches
from sanitizer.model.evaluate import losses
from sanitizer.model.measure import ratio
from sanitizer.model.observe import closed_gates, gated
from sanitizer.model.resume import Resume
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent, track
from sanitizer.report import AblationRecord

NORMAL = 1.959964


@torch.no_grad()
def ablation(
    subject: Subject, data: Encoded, *, size: int, seed: int, progress: Progress = silent
) -> tuple[AblationRecord, ...]:
    """The change in accuracy without each head, in order of layer and head. `data` needs labels for a classifier."""
    made, resume = batches(subject, data, size=size), Resume(subject, data)
    right, asked = [], []
    for batch in made:
        with resume.keeping(batch):
            _, correct, questions, _ = losses(subject, batch)
        right.append(correct)
        asked.append(questions)
    whole, answers = torch.cat(right).double().cpu(), torch.cat(asked).double().cpu()

    def without(head: HeadId, batch: Batch) -> Tensor:
        gates = closed_gates(subject.anatomy, [head], device=subject.device)
        with gated(subject.anatomy, gates), resume.below(head.layer, batch):
            return losses(subject, batch)[1].double().cpu()

    return tuple(
        _record(head, torch.cat([without(head, batch) for batch in made]) - whole, answers, subject.task, seed)
        for head in track(progress, "ablate heads", subject.anatomy.heads())
    )


def _record(head: HeadId, change: Tensor, asked: Tensor, task: str, seed: int) -> AblationRecord:
    if task == "classification":
        low, high = paired_interval(int((change > 0).sum()), int((change < 0).sum()), len(change))
        return AblationRecord(head, float(change.mean()), low, high, len(change))
    found = ratio("change", change, asked, seed)
    return AblationRecord(head, found.value, found.low, found.high, found.n)


def paired_interval(gained: int, lost: int, texts: int) -> tuple[float, float]:
    """95 % interval of a difference between paired shares, where so many of the texts became right, and wrong."""
    total = texts + 2
    difference = (gained - lost) / total
    half = NORMAL * math.sqrt((gained + lost + 1) / total - difference**2) / math.sqrt(total)
    return max(difference - half, -1.0), min(difference + half, 1.0)
