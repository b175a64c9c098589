from __future__ import annotations

import pytest
import torch
from helpers.contexts import digest
from helpers.subjects import pico_subject

from sanitizer.model.backoff import backed_off
from sanitizer.model.early import Score
from sanitizer.plan import Budget

BUDGET = Budget(max_accuracy_drop=0.1)


@pytest.mark.parametrize(("harm", "pace"), [(0.05, 1.0), (0.25, 1 / 3), (0.85, 1 / 9), (2.6, 1 / 27), (9.0, 0.0)])
def test_it_is_as_fast_as_the_budget_bears_and_no_trace_of_what_was_faster(harm: float, pace: float) -> None:
    """Each attempt adds its pace to one weight, and costs so much accuracy in proportion."""
    subject = pico_subject("bert")
    bias = subject.model.classifier.bias
    start = float(bias[0].detach())

    said: list[str] = []

    def attempt(pace: float) -> dict[str, float]:
        with torch.no_grad():
            bias[0] += pace
        return {"tried": pace}

    tried = backed_off(
        subject, BUDGET, lambda: Score(0.9 - harm * (float(bias[0].detach()) - start), 0.5), attempt, remarks=said
    )
    assert tried.pace == pytest.approx(pace)
    assert float(bias[0].detach()) == pytest.approx(start + pace, abs=1e-6)
    assert bool(said) == (pace == 0)
    assert tried.observed == ({"tried": tried.pace} if pace else {})


def test_what_is_not_a_number_is_beyond_every_budget() -> None:
    subject = pico_subject("bert")
    scores = iter([Score(0.9, 0.5), *[Score(0.9, float("nan"))] * 4])
    assert backed_off(subject, BUDGET, lambda: next(scores), lambda pace: {}, remarks=[]).pace == 0


def test_without_a_score_the_first_attempt_stands() -> None:
    subject = pico_subject("bert")
    before = digest(subject)
    tried = backed_off(subject, BUDGET, None, lambda pace: {"tried": pace}, remarks=[])
    assert (tried.pace, tried.observed, tried.score, digest(subject)) == (1.0, {"tried": 1.0}, None, before)
