from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from sanitizer.sequential import Sequential, Verdict

members = st.lists(st.integers(-3, 4), min_size=1, max_size=60)
rates = st.sampled_from((0.0, 0.01, 0.2))


def ask(values: Sequence[int], bound: int, error_rate: float, *, picked: int = 0) -> tuple[Verdict | None, int]:
    """The verdict, and after how many members it came."""
    low, high = [min(values, default=0)] * len(values), [max(values, default=0)] * len(values)
    test = Sequential(low, high, bound, within=error_rate, above=error_rate)
    for taken, value in enumerate(values):
        if test.verdict is not None:
            return test.verdict, taken
        test.see(value, drawn=taken >= picked)
    return test.verdict, len(values)


def ones(total: int, among: int, seed: int) -> list[int]:
    values = [1] * total + [0] * (among - total)
    random.Random(seed).shuffle(values)
    return values


@given(members, st.integers(-60, 60))
def test_without_error_the_verdict_is_the_sum(values: list[int], bound: int) -> None:
    assert ask(values, bound, 0.0)[0] == ("within" if sum(values) <= bound else "above")


@given(members, st.integers(-60, 60), rates)
def test_after_the_last_member_there_is_a_verdict(values: list[int], bound: int, rate: float) -> None:
    assert ask(values, bound, rate)[0] is not None


@given(members, st.integers(-60, 60), st.integers(0, 30), rates)
def test_a_higher_bound_is_never_above_where_a_lower_one_is_within(
    values: list[int], bound: int, more: int, rate: float
) -> None:
    lower, higher = ask(values, bound, rate), ask(values, bound + more, rate)
    if lower[0] == "within":
        assert higher[0] == "within"
        assert higher[1] <= lower[1]


@pytest.mark.parametrize(("total", "truth"), [(20, "within"), (21, "above")])
def test_the_error_rate_holds_where_it_is_hardest_to_tell(total: int, truth: str) -> None:
    """Exactly at the bound, over many orders: not significantly more errors than stated."""
    rate, orders = 0.1, 600
    wrong = sum(ask(ones(total, 300, seed), 20, rate)[0] != truth for seed in range(orders))
    assert wrong > 0  # it does decide early, so that there is something to hold
    assert binomtest(wrong, orders, rate, alternative="greater").pvalue > 0.01


@pytest.mark.parametrize(("total", "verdict"), [(0, "within"), (100, "above")])
def test_clear_cases_take_a_fraction_of_the_members(total: int, verdict: Verdict) -> None:
    answers = [ask(ones(total, 1000, seed), 20, 0.05) for seed in range(20)]
    assert {answer for answer, _ in answers} == {verdict}
    assert max(taken for _, taken in answers) < 250


def test_picked_members_prove_nothing_about_the_rest() -> None:
    values = [0] * 60 + [1] * 40
    assert ask(values, 30, 0.05) == ("within", 10)  # taken for a random draw, the first sixty mislead
    assert ask(values, 30, 0.05, picked=60)[0] == "above"


def test_a_member_outside_its_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="not between"):
        Sequential([0], [1], 0, within=0.0, above=0.0).see(2)


def test_nobody_is_within_a_bound_of_nothing() -> None:
    assert Sequential([], [], 0, within=0.05, above=0.05).verdict == "within"
    assert Sequential([], [], -1, within=0.05, above=0.05).verdict == "above"
