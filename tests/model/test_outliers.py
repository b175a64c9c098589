from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.model.outliers import deviations

ROWS = st.lists(st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=6), min_size=1, max_size=4)


def test_deviations_by_hand() -> None:
    # Row medians 3 and 10; deviations -2 -1 0 1 97 and -1 0 1: medians of their sizes 1 (row), 1 (row), 1 (all eight).
    (first, second) = deviations(((1, 2, 3, 4, 100), (9, 10, 11)))
    assert first == pytest.approx([value / 1.4826 for value in (-2, -1, 0, 1, 97)])
    assert second == pytest.approx([value / 1.4826 for value in (-1, 0, 1)])


def test_a_layer_of_heads_alike_takes_its_scale_from_the_others() -> None:
    """Its own spread is zero; that of all twelve values is 5, so a difference of 5 is nothing there."""
    rows = ((0, 0, 0, 5), (-10, -5, 5, 10), (-10, -5, 5, 10))
    assert deviations(rows)[0][3] == pytest.approx(5 / (1.4826 * 5))


@given(ROWS, st.integers(-20, 20), st.integers(0, 3))
def test_neither_the_level_of_a_layer_nor_the_unit_matters(rows: list[list[float]], shift: int, power: int) -> None:
    moved = [[(value + shift * index) * 2.0**power for value in row] for index, row in enumerate(rows)]
    ours, theirs = deviations(rows, least=1), deviations(moved, least=2.0**power)
    assert all(one == pytest.approx(two) for one, two in zip(ours, theirs, strict=True))


def test_differences_below_the_least_scale_are_nothing() -> None:
    assert max(deviations(((0.0, 0.0, 0.0, 0.005),))[0]) == pytest.approx(0.5)
    assert max(deviations(((0.0, 0.0, 0.0, 1.0),))[0]) == pytest.approx(100)


def test_what_is_not_there_counts_for_nothing() -> None:
    found = deviations(((1.0, 2.0, math.nan, 3.0), (math.nan,)))
    assert found[0][:2] == deviations(((1.0, 2.0, 3.0),))[0][:2]
    assert math.isnan(found[0][2]) and math.isnan(found[1][0])
