"""The score of a model as it is now on the validation part, for treatments that go by it."""

from __future__ import annotations

from collections.abc import Callable

from sanitizer.model.batches import batches
from sanitizer.model.early import Score
from sanitizer.model.evaluate import evaluate
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject


def validator(subject: Subject, material: Material, *, size: int, step: str) -> Callable[[], Score] | None:
    """Asks all validation texts, each time it is called; None where there are none."""
    if material.validation is None:
        return None
    made = batches(subject, material.validation, size=size)

    def score() -> Score:
        outcomes = evaluate(subject, made, progress=material.progress, step=step)
        return Score(outcomes.accuracy, outcomes.mean_loss)

    return score
