from __future__ import annotations

import pytest
from helpers.planted import planted_context
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.errors import UsageError
from sanitizer.heads import HeadId
from sanitizer.model.safety import judged, safety


def test_the_formula_in_numbers() -> None:
    record = judged(((1.0, 0.5), (0.0, 0.9)), ((2.0, 0.0), (1.0, 4.0)), alpha=0.5, tau=0.3)
    # 1 - (0.5 cosine + 0.5 G / 4)
    assert [value for row in record.score for value in row] == pytest.approx([0.25, 0.75, 0.875, 0.05])
    assert record.classes == (("suspicious", "trusted"), ("trusted", "suspicious"))
    assert record.of_class("suspicious") == (HeadId(0, 0), HeadId(1, 1))


GRID = st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=2, max_size=2)


@given(GRID, GRID, st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 0.5))
def test_a_larger_tau_leaves_fewer_heads_between(
    nearest: list[list[float]], worth: list[list[float]], alpha: float, one: float, other: float
) -> None:
    grids = [tuple(tuple(row) for row in grid) for grid in (nearest, worth)]
    small, large = (judged(grids[0], grids[1], alpha=alpha, tau=tau) for tau in sorted((one, other)))
    for name in ("suspicious", "trusted"):
        assert set(small.of_class(name)) <= set(large.of_class(name))  # type: ignore[arg-type]
    assert all(-1e-9 <= value <= 1 + 1e-9 for row in small.score for value in row)


@pytest.mark.parametrize("wrong", [{"alpha": 1.1}, {"alpha": -0.1}, {"tau": 0.6}, {"tau": -0.1}])
def test_constants_outside_their_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        judged(((0.5,),), ((0.5,),), **wrong)


def test_a_model_whose_loss_depends_on_no_head_is_judged_by_likeness_alone() -> None:
    assert judged(((0.5, 1.0),), ((0.0, 0.0),), alpha=0.4).score == ((0.8, 0.6),)


def test_the_one_head_that_matters_is_the_one_suspicious_head() -> None:
    """The others attend evenly, so alike, and nothing depends on them: 1 - 0.4 is above 1 - 0.45."""
    context, carrier = planted_context()
    record = safety(context.subject, context.fit)
    assert record.of_class("suspicious") == (carrier,)
    assert record.of_class("intermediate") == ()
    others = [value for row in record.score for value in row if value > 0.5]
    assert others == pytest.approx([0.6] * 11, abs=1e-5)
