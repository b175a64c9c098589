"""As much of a treatment as accuracy can bear: at full pace, and where that costs too much, again at a third of it.

A rate that suits one model breaks another, and clean validation text tells. What was tried too fast is undone first, so
that the last try is as if it had been the only one but for the random numbers drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sanitizer.model.early import Score
from sanitizer.model.restore import weights_of
from sanitizer.model.subject import Subject
from sanitizer.plan import Budget

TRIES = 4


@dataclass(frozen=True)
class Tried:
    """What was observed at the pace that held, and the validation score; pace 0: none held, and nothing changed."""

    pace: float
    observed: dict[str, float]
    score: Score | None


def backed_off(
    subject: Subject,
    budget: Budget,
    score: Callable[[], Score] | None,
    attempt: Callable[[float], dict[str, float]],
    *,
    remarks: list[str],
) -> Tried:
    """Attempt at paces 1, 1/3, 1/9 and 1/27 until the accuracy of `score` is within budget of what it was.

    Without a score there is one attempt, which stands. Where none holds, a remark says so. The copy of the weights lies
    in the main memory.
    """
    if score is None:
        return Tried(1.0, attempt(1.0), None)
    start, kept = score(), weights_of(subject)
    for number in range(TRIES):
        observed, now = attempt(3.0**-number), score()
        if budget.holds(now.rank()[0], start.accuracy):
            return Tried(3.0**-number, observed, now)
        subject.model.load_state_dict(kept)
    remarks.append(f"alignment cost more accuracy than the budget at {TRIES} rates, and was undone")
    return Tried(0.0, {}, start)
