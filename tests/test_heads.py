"""Names of heads and grids of scores."""

from __future__ import annotations

import itertools
import math
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.errors import UsageError
from sanitizer.heads import Grid, HeadId, HeadScores, ScoreOrigin

OF = ScoreOrigin("gradient", "1")
numbers = st.integers(0, 10**6)
finite = st.floats(allow_nan=False, allow_infinity=False)
grids = st.lists(st.lists(finite, max_size=5).map(tuple), max_size=5).map(tuple)


@given(numbers, numbers)
def test_a_printed_head_parses_back(layer: int, head: int) -> None:
    assert HeadId.parse(str(HeadId(layer, head))) == HeadId(layer, head)


def test_spelling() -> None:
    assert str(HeadId(3, 7)) == "L3.H7"
    assert HeadId.parse("L11.H0") == HeadId(layer=11, head=0)


@pytest.mark.parametrize("text", ["", "L3", "3.7", "l3.h7", "L3.H7 ", "L3.H7\n", "L-1.H0", "L3.H", "L٣.H7", "L3H7"])
def test_anything_else_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        HeadId.parse(text)
    assert "L3.H7" in caught.value.hint


@given(st.lists(st.tuples(numbers, numbers)))
def test_heads_sort_by_layer_then_head(pairs: list[tuple[int, int]]) -> None:
    ordered = sorted(HeadId(*pair) for pair in pairs)
    assert [(head.layer, head.head) for head in ordered] == sorted(pairs)


def test_words_are_frozen() -> None:
    with pytest.raises((FrozenInstanceError, AttributeError)):
        HeadId(0, 0).layer = 1  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        HeadScores(((1.0,),), OF).grid = ()  # type: ignore[misc]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_is_a_finite_number(value: float) -> None:
    with pytest.raises(UsageError, match="'gradient'"):
        HeadScores(((0.1, 0.2), (0.3, value)), OF)


@pytest.mark.parametrize("spread", [(), ((0.1, 0.1),), ((0.1, 0.1), (0.1,)), ((0.1,), (0.1, 0.1))])
def test_a_spread_has_the_shape_of_its_scores(spread: Grid) -> None:
    grid = ((0.1, 0.2), (0.3, 0.4))
    assert HeadScores(grid, OF, grid).spread == grid
    with pytest.raises(UsageError, match="shape"):
        HeadScores(grid, OF, spread)


def test_ranking_by_hand() -> None:
    scores = HeadScores(((0.5, 0.1), (), (0.1, -2.0, 0.5)), OF)
    assert [str(head) for head in scores.ranking()] == ["L2.H1", "L0.H1", "L2.H0", "L0.H0", "L2.H2"]
    assert scores[HeadId(2, 1)] == -2.0


@given(grids)
def test_ranking_is_every_head_once_from_least_to_most(grid: Grid) -> None:
    scores = HeadScores(grid, OF)
    ranking = scores.ranking()
    assert sorted(ranking) == list(scores.heads())
    assert len(ranking) == sum(len(row) for row in grid)
    values = [scores[head] for head in ranking]
    assert values == sorted(values)
    ties = [(one, two) for one, two in itertools.pairwise(ranking) if scores[one] == scores[two]]
    assert all(one < two for one, two in ties)
