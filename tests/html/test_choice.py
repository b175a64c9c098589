"""Charts against the plans they draw."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.records import GRID, PLAN, make_report
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.heads import HeadId
from sanitizer.html.choice import Axis, distribution, search
from sanitizer.report import HeadRecord


def test_every_head_is_in_one_bar_by_what_became_of_it() -> None:
    bars = distribution(make_report()).bars
    assert sum(bar.kept for bar in bars) == 9
    assert sum(bar.gone for bar in bars) == 3


def test_the_cut_is_the_highest_score_that_went() -> None:
    found = distribution(make_report())
    assert (found.highest, found.under) == (0.02, 0)
    assert found.cut == found.x.at(0.02)


def test_heads_that_stayed_below_the_cut_are_counted() -> None:
    heads = (HeadRecord(HeadId(0, 3), "removed", 0.27),)
    assert distribution(make_report(heads=heads)).under == sum(value < 0.27 for row in GRID for value in row) == 3


def test_without_a_head_that_went_there_is_no_cut() -> None:
    found = distribution(make_report(heads=()))
    assert (found.cut, found.highest, found.under) == (None, None, 0)


def test_skewed_scores_have_a_logarithmic_axis_and_negative_ones_never() -> None:
    def over(*row: float) -> bool:
        scores = replace(PLAN.scores, grid=(row,))
        return distribution(make_report(plan=replace(PLAN, scores=scores), heads=())).x.log

    assert over(0.001, 0.06)
    assert not over(0.01, 0.06)
    assert not over(-1.0, 100.0)
    assert not over(0.0, 100.0)


def test_one_score_for_all_is_one_bar() -> None:
    scores = replace(PLAN.scores, grid=((0.5, 0.5), (0.5,)))
    (bar,) = distribution(make_report(plan=replace(PLAN, scores=scores), heads=())).bars
    assert bar.kept == 3


def test_a_search_draws_every_question_and_where_it_ended() -> None:
    found = search(PLAN)
    assert [point.accepted for point in found.questions] == [False, False, True, True]
    assert found.chosen == (found.x.at(3), found.y.at(87.5))
    assert found.threshold == found.y.at(87.1)
    assert found.questions[0].y > found.threshold > found.questions[2].y  # down the page is less
    assert "9 heads: 70.0 % after 12 texts, rejected" in found.questions[0].title


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.booleans())
def test_ticks_lie_on_the_axis_in_order(low: float, span: float, whole: bool) -> None:
    axis = Axis(low, low + span, 40, 392, whole=whole)
    places = [place for place, _ in axis.ticks()]
    assert places == sorted(places)
    assert all(40 <= place <= 392 for place in places)
    assert len(places) <= 7


@pytest.mark.parametrize(
    ("axis", "texts"),
    [
        (Axis(0, 10, 0, 1), ["0", "2", "4", "6", "8", "10"]),
        (Axis(0, 2, 0, 1, whole=True), ["0", "1", "2"]),
        (Axis(0.001, 0.02, 0, 1, log=True), ["0.001", "0.002", "0.005", "0.01", "0.02"]),
        (Axis(3, 3, 0, 1), ["3"]),
    ],
)
def test_ticks_are_round(axis: Axis, texts: list[str]) -> None:
    assert [text for _, text in axis.ticks()] == texts
