"""Head-wise fine-tuning: trusted heads learn fast from clean text, suspicious ones slowly.

Source: Jin et al., AAAI 2026, arXiv 2511.13789: 2e-4 for safe heads, 5e-6 for suspicious ones, a rate between for the
rest, 3 epochs on a small clean set.

What the clean task needs is learned by heads that are trusted, so that suspicious ones, which alignment moved, neither
keep their old part nor take it up again.

The rate between is ours: the geometric mean of the two, for intermediate heads and for every weight that is no head's.
AdamW would make the same step of a scaled gradient, so steps are scaled, not gradients: see `sanitizer.model.rates`.
Keys and values that query heads share learn as slowly as the slowest of them.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from sanitizer.errors import UsageError
from sanitizer.model.material import Material
from sanitizer.model.rates import Rates
from sanitizer.model.safety import ByClass
from sanitizer.model.subject import Subject
from sanitizer.model.tune import tune
from sanitizer.plan import TreatmentPlan
from sanitizer.report import SafetyRecord, TreatmentRecord


@dataclass(frozen=True)
class Headtune(ByClass):
    """Parameters: those of the training loop and of the safety score, and the rates of the two outer classes.

    `learning_rate` is that of intermediate heads and of every weight that is no head's. All epochs are tuned: accuracy
    on clean text says nothing of what has yet to be forgotten.
    """

    learning_rate: float = 3.2e-5
    patience: int = 0
    trusted_rate: float = 2e-4
    suspicious_rate: float = 5e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.trusted_rate < 0 or self.suspicious_rate < 0:
            raise UsageError("rates must not be negative")

    def apply(self, subject: Subject, plan: TreatmentPlan, material: Material) -> TreatmentRecord:
        """Judge the heads and tune all weights on the fit part; removed heads stay removed."""
        started = time.monotonic()
        observed = self.tune(subject, material, self.judge(subject, material))
        return TreatmentRecord("headtune", asdict(self), observed, time.monotonic() - started)

    def tune(self, subject: Subject, material: Material, safety: SafetyRecord) -> dict[str, float]:
        """Tune with heads that were judged before; what was observed."""
        of = {"trusted": self.trusted_rate, "intermediate": self.learning_rate, "suspicious": self.suspicious_rate}
        heads = tuple(tuple(of[name] / self.learning_rate for name in row) for row in safety.classes)
        counts = {f"{name}_heads": float(len(safety.of_class(name))) for name in ("trusted", "suspicious")}
        return counts | tune(subject, material, self, rates=Rates(heads, 1.0), step="tune head by head")
