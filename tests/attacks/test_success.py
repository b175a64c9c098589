from __future__ import annotations

import pytest

from sanitizer.attacks.success import attack_success


def test_share_and_wilson_interval_as_in_the_textbook() -> None:
    # Closed form with z = 1.959964, p = 0.3, n = 10: (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n).
    metric = attack_success([1] * 3 + [0] * 7, target=1)
    z, p, n = 1.959963985, 0.3, 10
    half = z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    assert metric.value == pytest.approx(0.3)
    assert metric.low == pytest.approx((p + z * z / (2 * n) - half) / (1 + z * z / n))
    assert metric.high == pytest.approx((p + z * z / (2 * n) + half) / (1 + z * z / n))
    assert metric.n == 10


def test_the_target_may_be_any_class() -> None:
    assert attack_success([0, 2, 2, 1], target=2).value == 0.5
    assert attack_success([0, 0, 0], target=2).value == 0.0


def test_an_interval_at_the_edge_is_not_a_point() -> None:
    metric = attack_success([1] * 50, target=1)
    assert metric.value == 1.0 and metric.low < 0.95 and metric.high == pytest.approx(1.0)


def test_nothing_is_not_zero() -> None:
    with pytest.raises(ValueError, match="no predictions"):
        attack_success([], target=1)
