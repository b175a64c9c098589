"""One number of a report at a time is changed; what it contradicts is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from helpers.records import DATA, PLAN, RECIPE, SOURCE, make_report

from sanitizer.gates import accuracy_budget
from sanitizer.heads import HeadId
from sanitizer.plan import Budget
from sanitizer.report import Gate, HeadRecord, Metric, RunReport
from sanitizer.verify.reckoning import numbers_claim

BEFORE = (Metric("accuracy", 900 / 1038, 0.84, 0.89, 1038), Metric("loss", 0.31, 0.28, 0.35, 1038))
AFTER = (Metric("accuracy", 890 / 1038, 0.83, 0.88, 1038), Metric("loss", 0.33, 0.29, 0.37, 1038))
GATES = (accuracy_budget(BEFORE[0], AFTER[0], Budget(0.02)), Gate("load-back", True, "logits differ by 0"))


def report(**changes: Any) -> RunReport:
    return replace(make_report(before=BEFORE, after=AFTER, gates=GATES), **changes)


def test_numbers_that_follow_from_each_other_hold() -> None:
    assert numbers_claim(report()).answer == "held"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gates": (replace(GATES[0], passed=False), GATES[1])}, "a gate failed: accuracy budget"),
        ({"gates": ()}, "none was asked"),
        ({"gates": (GATES[1],)}, "would say"),
        ({"after": (replace(AFTER[0], value=1.0, high=1.0), AFTER[1])}, "would say"),
        ({"before": ()}, "nothing was measured"),
        ({"after": (AFTER[0], replace(AFTER[1], value=0.5))}, "outside of its own interval"),
        ({"after": (AFTER[0], AFTER[1], Metric("agreement_with_suspect", 0.9501, 0.9, 1.0, 1038))}, "no number of"),
        ({"data": replace(DATA, test=500)}, "500 were held out"),
        ({"heads": make_report().heads[:2]}, "not those that the plan chose"),
        ({"heads": (*make_report().heads[:2], HeadRecord(HeadId(2, 2), "removed", 0.5))}, "scores of treated heads"),
        ({"heads": (HeadRecord(HeadId(9, 0), "removed", 0.5),)}, "none of the source's"),
        ({"source": replace(SOURCE, layers=4)}, "do not agree"),
        ({"source": replace(SOURCE, heads=(5, 4, 4))}, "as many scores"),
        ({"plan": replace(PLAN, threshold=0.5)}, "threshold"),
        ({"plan": replace(PLAN, achieved=0.6)}, "not within its budget"),
        ({"recipe": replace(RECIPE, layout="dense")}, "dense layout"),
        ({"recipe": replace(RECIPE, budget=replace(RECIPE.budget, max_accuracy_drop=7.0))}, "not a share"),
        ({"parameters_after": SOURCE.parameters + 1}, "more parameters"),
    ],
)
def test_a_number_that_was_changed_contradicts_another(changes: dict[str, Any], said: str) -> None:
    claim = numbers_claim(report(**changes))
    assert claim.answer == "false"
    assert said in claim.found
