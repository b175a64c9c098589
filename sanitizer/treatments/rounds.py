"""Rounds of attention safety alignment: judge the heads, align the suspicious ones, tune all by class, and again.

Source: Jin et al., AAAI 2026, arXiv 2511.13789: score, align, tune, and repeat. Within a round alignment and tuning go
by one and the same judgement, made before either.

The first round must keep the accuracy on validation data within the budget of the run; where it does not, it is undone
and done again with a third of the rate of alignment, and again, and if that does not help it was the last. Each one
after it must do better on validation data than the round before (by accuracy, and where that is equal by loss), else
it is undone and is the last. That is what clean text can say: whether a round did harm, not whether it helped against a
backdoor. Without validation data there is one round. Rounds also end when no head is suspicious any more.

The effect that the paper reports does not show where we looked (`cards/victims`: MiniLM classifiers, 1000 clean
texts, three seeds): a rare-word backdoor (BadNets) keeps an attack success of 100 %, a syntactic one goes from 89 to
76 %, one of style from 80 to 78 %. The first kept 100 % too with heads judged on texts with rare words (300 triggered
texts, one seed) or on the very inputs that a guard had flagged (712 triggered texts, one seed): heads that stand out
are aligned, and the backdoor does without them.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, fields
from functools import partial

from sanitizer.errors import UsageError
from sanitizer.model.backoff import backed_off
from sanitizer.model.early import Score
from sanitizer.model.material import Material
from sanitizer.model.restore import weights_of
from sanitizer.model.safety import ByClass
from sanitizer.model.subject import Subject
from sanitizer.model.validation import validator
from sanitizer.plan import TreatmentPlan
from sanitizer.report import SafetyRecord, TreatmentRecord
from sanitizer.treatments.align import Align
from sanitizer.treatments.headtune import Headtune


@dataclass(frozen=True)
class Rounds(Headtune):
    """Parameters: those of head-wise tuning, how many rounds at most, and epochs and rate of the alignment in each."""

    rounds: int = 3
    align_epochs: int = 3
    align_rate: float = 3e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rounds < 1:
            raise UsageError("rounds must be positive")
        self._alignment()

    def apply(self, subject: Subject, plan: TreatmentPlan, material: Material) -> TreatmentRecord:
        """Judge, align and tune on the fit part, as long as validation gets better; removed heads stay removed."""
        started = time.monotonic()
        score = validator(subject, material, size=self.batch_size, step="validate round")
        best: Score | None = None
        observed, pace = {"rounds": 0.0}, 1.0
        for number in range(1, (1 if score is None else self.rounds) + 1):
            safety = self.judge(subject, material)
            if not safety.of_class("suspicious"):
                break
            before = weights_of(subject)
            if number == 1:
                attempt = partial(self._round, subject, material, safety)
                tried = backed_off(subject, plan.budget, score, attempt, remarks=material.states.remarks)
                pace, observed["pace"] = tried.pace, tried.pace
                found, now = tried.observed, tried.score
            else:
                found, now = self._round(subject, material, safety, pace), score() if score else None
            if now is not None:
                found |= {"validation_accuracy": now.accuracy, "validation_loss": now.loss}
            observed |= {f"round_{number}_{name}": value for name, value in found.items()}
            if not pace:
                break
            if best is not None and now is not None and now.rank() <= best.rank():
                subject.model.load_state_dict(before)
                break
            best, observed["rounds"] = now, float(number)
        return TreatmentRecord("rounds", asdict(self), observed, time.monotonic() - started)

    def _round(self, subject: Subject, material: Material, safety: SafetyRecord, pace: float) -> dict[str, float]:
        aligned = self._alignment().align(subject, material, safety, pace)
        tuned = self.tune(subject, material, safety)
        names = {"first_epoch_loss": "first_distance", "last_epoch_loss": "last_distance"}
        found = {new: aligned[old] for old, new in names.items() if old in aligned}
        suspicious = float(len(safety.of_class("suspicious")))
        heads = {"suspicious_heads": suspicious, "aligned_heads": aligned["aligned_heads"]}
        return heads | found | {"last_loss": tuned["last_epoch_loss"]}

    def _alignment(self) -> Align:
        same = {field.name: getattr(self, field.name) for field in fields(ByClass)}
        return Align(**{**same, "epochs": self.align_epochs, "learning_rate": self.align_rate, "patience": 0})
