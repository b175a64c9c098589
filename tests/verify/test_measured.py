"""How far a metric may be from its claim."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sanitizer.report import Metric
from sanitizer.verify.measured import held

SHARE, LOSS = Metric("accuracy", 0.9, 0.88, 0.92, 1000), Metric("loss", 0.3, 0.25, 0.35, 1000)


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ((SHARE, LOSS), "held"),
        ((replace(SHARE, value=0.904), LOSS), "held"),
        ((replace(SHARE, value=0.905), LOSS), "false"),
        ((replace(SHARE, high=0.94), LOSS), "false"),
        ((replace(SHARE, n=1001), LOSS), "false"),
        ((SHARE, replace(LOSS, value=0.305)), "held"),
        ((SHARE, replace(LOSS, value=0.31)), "false"),
        ((SHARE,), "false"),
    ],
)
def test_rounding_is_let_go_and_nothing_else(told: tuple[Metric, ...], answer: str) -> None:
    assert held("c", told, (SHARE, LOSS)).answer == answer


def test_one_answer_of_a_few_may_turn() -> None:
    few = Metric("accuracy", 0.9, 0.6, 0.98, 10)
    assert held("c", (replace(few, value=0.8),), (few,)).answer == "held"
    assert held("c", (replace(few, value=0.7),), (few,)).answer == "false"


def test_what_was_not_measured_is_said_and_makes_nothing_false() -> None:
    claim = held("c", (SHARE, LOSS), (SHARE,))
    assert (claim.answer, "not measured: loss" in claim.found) == ("held", True)
