"""Takes the chosen heads away: cut out of the tensors (`compact`), or every weight of theirs zero (`dense`).

Cutting is the default because a head that is only masked grows back under tuning.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.plan import TreatmentPlan
from sanitizer.report import TreatmentRecord


@dataclass(frozen=True)
class Remove:
    """No parameters: the run decides on the layout."""

    def apply(self, subject: Subject, plan: TreatmentPlan, material: Material) -> TreatmentRecord:
        """Remove the heads of the plan in place."""
        started = time.monotonic()
        before = subject.model.num_parameters()
        subject.remove(plan.remove, physically=material.layout == "compact")
        observed = {
            "heads": float(len(plan.remove)),
            "parameters_removed": float(before - subject.model.num_parameters()),
        }
        return TreatmentRecord("remove", {"layout": material.layout}, observed, time.monotonic() - started)
