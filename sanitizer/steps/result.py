"""What a run saved, opened again as its users will open it, and measured: that, and not what was in memory, counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.clock import Clock
from sanitizer.errors import CorruptError, GateError
from sanitizer.files import names_in
from sanitizer.gates import load_back
from sanitizer.model.batches import Batch, Encoded, batches
from sanitizer.model.evaluate import Outcomes, logits
from sanitizer.model.halving import Halving
from sanitizer.model.subject import Subject
from sanitizer.options import RunOptions
from sanitizer.progress import Progress
from sanitizer.report import Gate, ScanRecord
from sanitizer.steps.opening import opened
from sanitizer.steps.sized import measured, seen
from sanitizer.steps.suspect import Suspect

# Relative to the largest logit. Saving rounds nothing that the model in memory did not round too.
LOAD_BACK = {torch.float32: 1e-4, torch.float16: 2e-2, torch.bfloat16: 5e-2}


@dataclass(frozen=True)
class Sample:
    """A few texts, and what the treated model in memory makes of them, [row, class]."""

    batch: Batch
    logits: Tensor

    @classmethod
    def of(cls, subject: Subject, test: Encoded, *, size: int) -> Sample:
        """The shortest of the test part."""
        few = batches(subject, test, size=size)[-1]
        return cls(few, logits(subject, few))

    def apart(self, subject: Subject) -> float:
        """The largest difference from what this model makes of them, relative to the largest logit."""
        there = logits(subject, self.batch)
        return float((there - self.logits).abs().max() / self.logits.abs().max().clamp(min=1e-6))


@dataclass(frozen=True)
class Result:
    """The saved folder, the model opened from it, what it answers, whether it is what was saved, and a second scan."""

    checkpoint: Checkpoint
    subject: Subject
    answers: Outcomes
    load_back: Gate
    scan: ScanRecord


def answers_of_suspect(subject: Subject, test: Encoded, sizes: Halving, progress: Progress) -> Outcomes:
    """What it gets right before anything is done to it. Raises CorruptError for answers that are not numbers."""
    found = measured("measure before", subject, test, sizes, progress)
    if not found.loss.isfinite().all():
        raise CorruptError("the answers of the suspect are not numbers", hint="get the checkpoint again")
    return found


def opened_again(
    options: RunOptions,
    suspect: Suspect,
    built: Path,
    offloaded: Path,
    test: Encoded,
    sample: Sample,
    *,
    clock: Clock,
    progress: Progress,
) -> Result:
    """Open, measure and scan what lies in `built`. Raises GateError for answers that are not numbers."""
    with clock.step("measure after"):
        written = Checkpoint.of_folder(built, LocalOrigin(suspect.intake.name), names_in(built))
        subject = opened(options, written, offloaded)
        answers = measured("measure after", subject, test, suspect.sizes, progress)
        if not answers.loss.isfinite().all():
            raise GateError("the answers of the treated model are not numbers", hint="take a lower learning_rate")
        gate = load_back(sample.apart(subject), LOAD_BACK[subject.model.dtype])
    with clock.step("scan again"):
        looked = seen(replace(options, ablate=False), subject, suspect.data, suspect.sizes, progress)
    return Result(written, subject, answers, gate, looked)
