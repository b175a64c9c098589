from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.errors import UsageError
from sanitizer.scan.conformal import check_rate, least_texts, p_values, shift

numbers = st.lists(st.integers(0, 9).map(float), min_size=1, max_size=30)


@given(numbers, numbers)
def test_a_p_value_counts_what_scores_as_high(calibration: list[float], scores: list[float]) -> None:
    expected = [(1 + sum(c >= s for c in calibration)) / (1 + len(calibration)) for s in scores]
    np.testing.assert_allclose(p_values(np.array(calibration), np.array(scores)), expected)


def test_as_many_are_flagged_as_stated_whatever_the_scores() -> None:
    rng = np.random.default_rng(0)
    flagged = [(p_values(rng.exponential(size=99), rng.exponential(size=50)) <= 0.05).mean() for _ in range(400)]
    assert np.mean(flagged) == pytest.approx(0.05, abs=0.004)


def test_clean_sets_are_beyond_chance_as_rarely_as_stated() -> None:
    rng = np.random.default_rng(1)
    found = [shift(rng.normal(size=99), rng.normal(size=80), fpr=0.05, generator=rng) for _ in range(150)]
    for p_values_of in ([one.p_flagged for one in found], [one.p_auc for one in found]):
        assert (np.array(p_values_of) <= 0.1).mean() <= 0.16


@given(numbers.filter(lambda found: len(found) >= 4), numbers)
def test_area_is_the_share_of_pairs_in_the_right_order(calibration: list[float], scores: list[float]) -> None:
    found = shift(np.array(calibration), np.array(scores), fpr=0.3, generator=np.random.default_rng(0))
    pairs = [1.0 if s > c else 0.5 if s == c else 0.0 for s in scores for c in calibration]
    assert found.auc == pytest.approx(np.mean(pairs))
    flagged = np.mean(p_values(np.array(calibration), np.array(scores)) <= 0.3)
    assert found.flagged == pytest.approx(flagged)


def test_a_set_that_lies_apart_is_found_and_intervals_hold_the_estimate() -> None:
    rng = np.random.default_rng(0)
    found = shift(rng.normal(size=200), rng.normal(size=100) + 2, fpr=0.05, generator=rng)
    assert found.p_auc < 1e-6
    assert found.p_flagged < 1e-6
    assert found.auc_low < found.auc < found.auc_high
    assert found.flagged_low < found.flagged < found.flagged_high


def test_a_rate_that_no_p_value_can_reach_is_refused_with_the_number_it_takes() -> None:
    assert [least_texts(rate) for rate in (0.5, 0.05, 0.01, 0.001)] == [1, 19, 99, 999]
    check_rate(0.01, 99)
    with pytest.raises(UsageError, match="98 clean texts") as caught:
        check_rate(0.01, 98)
    assert "99 are needed" in caught.value.hint
    for rate in (0.0, 1.0, float("nan")):
        with pytest.raises(UsageError, match="between 0 and 1"):
            check_rate(rate, 1000)
