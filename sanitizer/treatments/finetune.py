"""Fine-tunes on clean text, to win back the accuracy that removal cost.

Source: the last step of Chapagain et al. 2508.20032 (AdamW, 2e-5, 3 epochs, batches of 32). On its own it hardly moves
a backdoor: it is a baseline there, and repair here.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.model.tune import Schedule, tune
from sanitizer.plan import TreatmentPlan
from sanitizer.report import TreatmentRecord


@dataclass(frozen=True)
class Finetune(Schedule):
    """Parameters: those of the training loop."""

    def apply(self, subject: Subject, plan: TreatmentPlan, material: Material) -> TreatmentRecord:
        """Tune all weights on the fit part; removed heads stay removed."""
        started = time.monotonic()
        observed = tune(subject, material, self)
        return TreatmentRecord("finetune", asdict(self), observed, time.monotonic() - started)
