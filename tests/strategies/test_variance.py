from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.errors import UsageError
from sanitizer.strategies.variance import Variance, layerwise

VALUES = st.floats(0, 1, allow_nan=False)
GRIDS = st.integers(1, 5).flatmap(lambda heads: st.lists(st.tuples(*[VALUES] * (2 * heads)), min_size=2, max_size=6))


@given(grid=GRIDS)
def test_below_one_lie_the_shares_of_the_paper(grid: list[tuple[float, ...]]) -> None:
    scored = layerwise(tuple(grid), 0.2, 0.8)
    for layer, row in enumerate(scored):
        share = 0.2 + 0.6 * layer / (len(grid) - 1)
        below = sum(value < 1 - 1e-9 for value in row)
        assert share * len(row) - 1e-6 <= below < share * len(row) + 1


@given(grid=GRIDS)
def test_the_order_within_a_layer_is_that_of_the_variance(grid: list[tuple[float, ...]]) -> None:
    for before, after in zip(grid, layerwise(tuple(grid), 0.2, 0.8), strict=True):
        by_score = sorted(range(len(after)), key=lambda head: after[head])
        assert by_score == sorted(range(len(before)), key=lambda head: (before[head], head))


@pytest.mark.parametrize("wrong", [{"first": 0.0}, {"last": 1.5}, {"samples": 0}])
def test_senseless_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Variance(**wrong)
