"""What was decided and done."""

from __future__ import annotations

import re
from dataclasses import replace

from helpers.records import PLAN, RECIPE, SOURCE, make_report
from helpers.telling import lines, run_told

from sanitizer.report import TreatmentRecord


def test_limits_and_a_preparation_are_told() -> None:
    budget = replace(RECIPE.budget, max_accuracy_drop=None, min_accuracy=0.85, max_heads=1, per_layer=2)
    report = make_report(
        recipe=replace(RECIPE, budget=budget, prepare=("finetune",)),
        prepare=(TreatmentRecord("finetune", {}, {}, 1.0),),
        plan=replace(PLAN, threshold=0.85),
    )
    assert [line for line in lines(run_told(report)) if line.startswith(("  prepare", "  budget"))] == [
        "  prepare     finetune; undone once the heads were chosen",
        "  budget      accuracy of at least 85.0 % on validation data (89.1 % prepared, with every head), "
        "at most 1 head, at most 2 of each layer",
    ]
    none = make_report(recipe=replace(RECIPE, budget=replace(RECIPE.budget, max_heads=0)))
    assert "  budget" not in run_told(none), "nothing was to be removed"
    kept = run_told(replace(none, heads=()))
    assert "every head kept; treated by remove, finetune" in kept
    assert "worth keeping" not in kept, "scores that decided nothing"
    assert "Only attention heads were treated" not in kept


def test_no_head_removed_is_said_plainly() -> None:
    story = run_told(make_report(heads=(), parameters_after=SOURCE.parameters))
    assert "none removed of 12 heads" in story
    assert re.search(r"parameters +22\.7 M +22\.7 M +none", story)
