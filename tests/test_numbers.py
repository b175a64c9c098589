"""Numbers as people read them."""

from __future__ import annotations

import pytest

from sanitizer.numbers import change, count, counted, estimate, size, span
from sanitizer.report import Metric

ACCURACY = Metric("accuracy", 0.891, 0.8702, 0.9088, 1038)
LOSS = Metric("loss", 0.3112, 0.28, 0.35, 1038)


def test_a_share_is_in_percent_and_anything_else_as_it_is() -> None:
    assert estimate(ACCURACY) == "89.1 % (87.0–90.9)"
    assert estimate(LOSS) == "0.311 (0.28–0.35)"
    assert change(ACCURACY, Metric("accuracy", 0.885, 0.86, 0.9, 1038)) == "-0.6 points"
    assert change(LOSS, Metric("loss", 0.35, 0.3, 0.4, 1038)) == "+0.0388"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (999, "999"), (1000, "1 k"), (22_713_986, "22.7 M"), (22_614_914, "22.6 M"), (7_240_000_000, "7.24 G")],
)
def test_counts_have_three_digits(value: int, shown: str) -> None:
    assert count(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(0, "0 B"), (812, "812 B"), (45_456_228, "45.5 MB")])
def test_sizes_are_in_bytes(value: int, shown: str) -> None:
    assert size(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (185, "3 min 5 s"),
     (7800, "2 h 10 min")],
)  # fmt: skip
def test_spans_have_the_units_of_people(value: float, shown: str) -> None:
    assert span(value) == shown


def test_one_is_singular() -> None:
    assert [counted(number, "head") for number in (0, 1, 2)] == ["0 heads", "1 head", "2 heads"]
