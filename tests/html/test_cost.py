"""Rows of the table of costs."""

from __future__ import annotations

from dataclasses import replace

from helpers.records import RECIPE, make_report

from sanitizer.html.cost import SPAN, costs, fewer, lowest
from sanitizer.report import Metric


def test_metrics_are_paired_by_name() -> None:
    extra = Metric("agreement_with_suspect", 0.97, 0.95, 0.98, 1038)
    report = make_report(after=(*make_report().after, extra))
    accuracy, loss, agreement = costs(report)
    assert (accuracy.before, accuracy.after) == ("89.1 % (87.0–90.9)", "88.5 % (86.4–90.3)")
    assert (accuracy.change, loss.change, agreement.change) == ("−0.6 points", "+0.02", "")
    assert (agreement.name, agreement.before, agreement.was) == ("agreement with suspect", "", None)
    assert agreement.n == 1038


def test_whiskers_share_a_line_on_which_more_is_to_the_right() -> None:
    accuracy = costs(make_report())[0]
    assert accuracy.was is not None and accuracy.now is not None
    for whisker in (accuracy.was, accuracy.now):
        assert 0 < whisker.low < whisker.value < whisker.high < SPAN
    assert accuracy.now.value < accuracy.was.value


def test_the_floor_is_that_of_the_budget_and_of_the_first_metric_alone() -> None:
    accuracy, loss = costs(make_report())
    assert lowest(make_report()) == 0.891 - 0.02
    assert accuracy.floor is not None and accuracy.was is not None
    assert accuracy.floor < accuracy.was.value
    assert loss.floor is None
    absolute = replace(RECIPE, budget=replace(RECIPE.budget, max_accuracy_drop=None, min_accuracy=0.85))
    assert lowest(make_report(recipe=absolute)) == 0.85


def test_parameters_are_a_signed_share() -> None:
    report = make_report()
    assert fewer(report) == "−0.44 %"
    assert fewer(make_report(parameters_after=report.source.parameters)) == ""


def test_one_number_for_all_is_in_the_middle() -> None:
    same = (Metric("loss", 0.5, 0.5, 0.5, 3),)
    (row,) = costs(make_report(before=same, after=same, recipe=replace(RECIPE, budget=replace(
        RECIPE.budget, max_accuracy_drop=0.0))))  # fmt: skip
    assert row.was is not None and row.was.value == SPAN / 2
