"""Estimates against scipy's other intervals and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from sanitizer.benchmark.estimates import change, pack, share, spread, unpack
from sanitizer.report import Change, Hits


@given(st.text("01", max_size=40))
def test_outcomes_survive_packing(outcomes: str) -> None:
    hits = pack(outcomes)
    assert unpack(hits) == outcomes
    assert (hits.count, hits.n, len(hits.bits)) == (outcomes.count("1"), len(outcomes), -(-len(outcomes) // 4))


def test_the_first_text_is_the_highest_bit() -> None:
    assert pack("10001") == Hits(2, 5, "88")


def wilson(count: int, n: int) -> tuple[float, float]:
    """Wilson 1927, as the textbook writes it."""
    z, p = norm.ppf(0.975), count / n
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


@pytest.mark.parametrize("count", [0, 7, 40])
def test_one_seed_and_outcomes_all_alike_have_wilsons_interval(count: int) -> None:
    hits = pack("1" * count + "0" * (40 - count))
    metric, one = share("attack success", hits), spread((hits,))
    assert (metric.low, metric.high) == pytest.approx(wilson(count, 40))
    assert (one.low, one.high, one.mean) == pytest.approx((*wilson(count, 40), count / 40))
    if count in (0, 40):
        assert spread((hits, hits)) == one


def test_several_seeds_have_mean_least_and_most() -> None:
    found = spread((pack("1100"), pack("1000"), pack("1111")))
    assert (found.mean, found.least, found.most) == pytest.approx((7 / 12, 0.25, 1.0))
    assert found.low < found.mean < found.high


def test_seeds_that_agree_add_nothing_and_cost_nothing() -> None:
    """The same outcomes for each seed: only texts vary, and their mean has a binomial's variance."""
    outcomes = "1" * 120 + "0" * 280
    found = spread((pack(outcomes),) * 3)
    half = norm.ppf(0.975) * np.sqrt(0.3 * 0.7 / 400)
    assert (found.low, found.high) == pytest.approx((0.3 - half, 0.3 + half), abs=0.006)


def test_seeds_that_disagree_widen_the_interval() -> None:
    close = spread((pack("1" * 100 + "0" * 100),) * 3)
    apart = spread((pack("0" * 200), pack("1" * 100 + "0" * 100), pack("1" * 200)))
    assert apart.mean == close.mean == 0.5
    assert apart.high - apart.low > 3 * (close.high - close.low)


def test_the_same_cells_give_the_same_interval() -> None:
    hits = (pack("110100101"), pack("100100111"))
    spread.cache_clear()
    first = spread(hits)
    spread.cache_clear()
    assert spread(hits) == first


def test_a_change_is_paired_text_by_text() -> None:
    """Half of the texts are hits before and after: paired, what they are like cancels; unpaired it would not."""
    rng = np.random.default_rng(0)
    before = "".join("1" if hit else "0" for hit in rng.random(400) < 0.5)
    flipped = set(rng.choice(400, 20, replace=False).tolist())
    after = "".join("1" if at in flipped else digit for at, digit in enumerate(before))
    gained = sum(before[at] == "0" for at in flipped)
    found = change((pack(after),), pack(before))
    error = np.sqrt(gained / 400 * (1 - gained / 400) / 400)
    assert found.mean == pytest.approx(gained / 400)
    assert found.low == pytest.approx(gained / 400 - 1.96 * error, abs=0.004)
    assert found.high == pytest.approx(gained / 400 + 1.96 * error, abs=0.004)
    assert found.sure


def test_seeds_that_disagree_make_a_change_unsure() -> None:
    before = pack("1" * 200)
    agreed = change((pack("0" * 100 + "1" * 100),) * 3, before)
    apart = change((pack("0" * 200), before, before), before)
    assert agreed.sure and agreed.mean == pytest.approx(-0.5)
    assert not apart.sure and apart.mean == pytest.approx(-1 / 3)


def test_no_change_at_all_has_no_interval() -> None:
    assert change((pack("1010"), pack("1010")), pack("1010")) == Change(0.0, 0.0, 0.0)
    assert not Change(0.0, 0.0, 0.0).sure
