"""Cosines on their way to the page, against the cosines of the report."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.records import SCAN
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.errors import CorruptError
from sanitizer.html.matrix import encoded, matrix

COSINES = (((0.1, 0.2, 0.3), (0.4, 0.5), (0.6,), ()), ((0.9, 1.0), (0.95,), ()))
ALIKE = replace(SCAN, cosines=COSINES)


@given(st.floats(0, 1))
def test_two_digits_hold_three_decimals(cosine: float) -> None:
    assert int(encoded(cosine), 36) / 1295 == pytest.approx(cosine, abs=0.0005)


def test_every_pair_is_there_in_the_order_of_the_report() -> None:
    found = matrix(ALIKE, (4, 3))
    assert found is not None
    told = [[int(layer[place : place + 2], 36) / 1295 for place in range(0, len(layer), 2)] for layer in found.layers]
    assert told[0] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], abs=0.0005)
    assert told[1] == pytest.approx([0.9, 1.0, 0.95], abs=0.0005)


def test_the_layer_that_is_most_alike_is_drawn_on_the_scale_of_all() -> None:
    found = matrix(ALIKE, (4, 3))
    assert found is not None
    assert (found.first, found.low, found.high) == (1, 0.1, 1.0)
    # From 0.1 to 1.0, 0.9 is eight ninths of the way and 0.95 is 0.94 of it; where a head meets itself is nothing.
    assert {ink.style: ink.path for ink in found.inks} == {"s8": "M1 0h1M0 1h1", "s9": "M2 0h1M2 1h1M0 2h2"}


def test_a_report_without_pairs_has_no_matrix() -> None:
    assert matrix(replace(SCAN, cosines=()), (4, 4, 4)) is None
    assert matrix(replace(SCAN, cosines=(((),), ((),))), (1, 1)) is None


@pytest.mark.parametrize("heads", [(4,), (4, 4), (3, 3), (4, 3, 1)])
def test_pairs_of_other_heads_are_refused(heads: tuple[int, ...]) -> None:
    with pytest.raises(CorruptError):
        matrix(ALIKE, heads)
