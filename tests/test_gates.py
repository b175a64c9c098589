"""The conditions of publication, both ways, and which treatments fit which data."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from helpers.records import LEANING, SCAN

from sanitizer.cleandata import CleanData, DataOrigin, Provenance, split
from sanitizer.gates import accuracy_budget, fitting, leans, left_out, load_back, remarks, unlike, woken
from sanitizer.heads import HeadId, HeadScores, ScoreOrigin
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.recipe import Recipe, Step
from sanitizer.report import BaseRecord, FlipRecord, Metric


def metric(value: float) -> Metric:
    return Metric("accuracy", value, 0, 1, 100)


def test_a_drop_that_is_the_budget_to_the_last_text_is_within_it() -> None:
    """0.89 - 0.87 is more than 0.02 in binary, and two texts of a hundred all the same."""
    assert 0.89 - 0.87 > 0.02
    for right in range(5, 101):
        for lost in (1, 2, 5):
            before, after = metric(right / 100), metric((right - lost) / 100)
            assert accuracy_budget(before, after, Budget(lost / 100)).passed
            assert not accuracy_budget(before, after, Budget((lost - 0.5) / 100)).passed


def test_a_gain_passes_any_budget_and_is_told_as_one() -> None:
    gate = accuracy_budget(metric(0.8), metric(0.85), Budget(0))
    assert gate.passed
    assert "did not fall (+5.00 points)" in gate.detail
    assert "did not fall (+0.00 points)" in accuracy_budget(metric(0.9), metric(0.9), Budget(0)).detail


def test_what_is_not_a_number_passes_nothing() -> None:
    assert not accuracy_budget(metric(0.8), metric(math.nan), Budget(1)).passed
    assert not accuracy_budget(metric(0.8), metric(math.nan), Budget(min_accuracy=0)).passed
    assert not load_back(math.nan, 1).passed


@pytest.mark.parametrize("before", [0.5, 0.86, 1.0])
@pytest.mark.parametrize(("after", "passed"), [(0.85, True), (0.84, False), (0.9, True)])
def test_an_absolute_floor_looks_at_the_result_alone(before: float, after: float, passed: bool) -> None:
    gate = accuracy_budget(metric(before), metric(after), Budget(0.0, min_accuracy=0.85))
    assert gate.passed is passed
    assert gate.detail == f"accuracy on held-out data is {100 * after:.2f} %, the floor is 85.00"


@pytest.mark.parametrize(("apart", "passed"), [(0.0, True), (1e-4, True), (1.1e-4, False), (math.inf, False)])
def test_load_back_holds_to_its_tolerance(apart: float, passed: bool) -> None:
    assert load_back(apart, 1e-4).passed is passed


def data(origin: DataOrigin, *, labelled: bool) -> CleanData:
    texts = tuple(map(str, range(20)))
    return split(Provenance("d", "", origin), texts, (0,) * 20 if labelled else None, seed=0)


def test_labelled_data_takes_every_step() -> None:
    recipe = Recipe("gradient", {}, (Step("remove"), Step("finetune", {"epochs": 1})))
    assert fitting(recipe.treatments, data("file", labelled=True)) == (recipe.treatments, [])


def test_nothing_is_tuned_on_the_suspects_own_labels_or_on_foreign_texts() -> None:
    texts = data("file", labelled=False)
    own = texts.relabelled([0] * len(texts.fit), [0] * len(texts.validation), [0] * len(texts.test))
    for given, why in ((own, "own predictions"), (data("embedded", labelled=False), "own domain")):
        steps, skipped = fitting(Recipe("gradient").treatments, given)
        assert [step.name for step in steps] == ["remove"]
        assert skipped[0].startswith("finetune was left out")
        assert why in skipped[0]
    causal = fitting(Recipe("gradient").treatments, texts)
    assert [step.name for step in causal[0]] == ["remove", "finetune"], "a text is its own label"


def test_what_does_not_tune_is_done_on_any_texts_and_the_suspect_may_label_what_it_teaches() -> None:
    steps = (Step("reset_to_base"), Step("rebase"), Step("finetune"))
    texts = data("file", labelled=False)
    own = texts.relabelled([0] * len(texts.fit), [0] * len(texts.validation), [0] * len(texts.test))
    assert [step.name for step in fitting(steps, own)[0]] == ["reset_to_base", "rebase"]
    assert [step.name for step in fitting(steps, data("embedded", labelled=False))[0]] == ["reset_to_base"]


@pytest.mark.parametrize(("similarity", "remarked"), [(0.999, False), (0.9, False), (0.89, True), (-0.01, True)])
def test_a_base_that_is_a_stranger_is_remarked_on(similarity: float, remarked: bool) -> None:
    base = BaseRecord("org/base", None, None, "ab" * 32, 10, (), similarity)
    assert [f"{similarity:.2f}" in words for words in unlike(base)] == ([True] if remarked else [])
    assert unlike(None) == ()


def test_an_empty_plan_is_remarked_on_with_its_reason() -> None:
    scores = HeadScores(((1.0, 2.0),), ScoreOrigin("gradient", "1"))
    some = TreatmentPlan((HeadId(0, 0),), scores, Budget(), 0.9, 0.89)
    none = TreatmentPlan((), scores, Budget(), 0.9, 0.89)
    assert remarks(some, Budget()) == []
    assert remarks(none, Budget(0.02)) == ["no head could be removed within a budget of 2.00 points of accuracy"]
    assert remarks(none, Budget(min_accuracy=0.95)) == [
        "no head could be removed above a floor of 95.00 % of accuracy: with all of them it is 90.00"
    ]
    assert remarks(none, Budget(max_heads=0)) == ["every head was kept: the recipe or --max-heads lets none go"]


def test_tensors_without_a_place_are_named() -> None:
    assert left_out((), "BertModel") == ()
    assert left_out(("a",), "BertModel") == ("BertModel has no place for the tensor a: left out of the result",)
    assert "a and 2 more" in left_out(("a", "b", "c"), "BertModel")[0]


def test_a_clear_leaning_is_told_and_no_other() -> None:
    (told,) = leans(SCAN, ("negative", "positive"))
    assert told.startswith(
        "the model leans to positive: where texts say less, 30 % of the others go over to it and 10 %"
    )
    assert leans(replace(SCAN, leaning=replace(LEANING, clear=False)), ()) == ()
    assert leans(replace(SCAN, leaning=None), ()) == ()


def test_a_control_that_turns_clearly_more_answers_than_before_is_told_and_no_other() -> None:
    def flips(value: float, low: float, high: float) -> tuple[FlipRecord, ...]:
        return (FlipRecord("rare word", Metric("changed", value, low, high, 256), 1, 0.9),)

    few, more, many = (
        replace(SCAN, flips=flips(*shares)) for shares in ((0.02, 0.01, 0.05), (0.06, 0.04, 0.1), (0.2, 0.15, 0.25))
    )
    (told,) = woken(few, many, ("negative", "positive"))
    assert told.startswith("rare word: changes 20.0 % of the answers, before the treatment 2.0 %, mostly to positive")
    assert woken(few, more, ()) == woken(many, few, ()) == woken(few, few, ()) == []
    assert "label 1" in woken(few, many, ())[0]
