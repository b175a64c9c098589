"""Maps against the grids they draw: every head once, in the colour of its value."""

from __future__ import annotations

import re

import pytest
from helpers.records import GRID, make_report
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.html.maps import SIDE, STEPS, Map, draw, frame
from sanitizer.html.traits import Amount, Balance, Kind, traits

VALUE = st.floats(-1e6, 1e6, allow_nan=False)
GRIDS = st.lists(st.lists(VALUE, min_size=1, max_size=6).map(tuple), min_size=1, max_size=6).map(tuple)


def drawn(made: Map) -> dict[tuple[int, int], str]:
    """(layer, head) -> class; fails where one is drawn twice."""
    found: dict[tuple[int, int], str] = {}
    for ink in made.inks:
        assert re.fullmatch(r"(M\d+ \d+h\d+)*", ink.path)
        for head, layer, count in (map(int, run) for run in re.findall(r"M(\d+) (\d+)h(\d+)", ink.path)):
            for place in ((layer, head + step) for step in range(count)):
                assert place not in found
                found[place] = ink.style
    return found


@given(GRIDS)
def test_every_head_is_drawn_once_and_a_greater_value_never_lighter(grid: tuple[tuple[float, ...], ...]) -> None:
    found = drawn(draw(Amount("x", "", grid)))
    values = {(layer, head): value for layer, row in enumerate(grid) for head, value in enumerate(row)}
    assert found.keys() == values.keys()
    steps = [int(found[place][1:]) for place in sorted(values, key=values.__getitem__)]
    assert steps == sorted(steps)
    assert set(steps) <= set(range(STEPS))
    if len(set(values.values())) > 1:
        assert (steps[0], steps[-1]) == (0, STEPS - 1)


@given(GRIDS)
def test_a_balance_has_zero_in_the_middle(grid: tuple[tuple[float, ...], ...]) -> None:
    found = drawn(draw(Balance("x", "", grid, ())))
    for layer, row in enumerate(grid):
        for head, value in enumerate(row):
            step = int(found[layer, head][1:]) - SIDE
            assert step * value >= 0
            assert value or not step


def test_kinds_have_their_colour_and_a_mark_that_needs_none() -> None:
    map = draw(Kind("x", "", (("kept", "removed"), ("zeroed",)), ("kept", "removed", "zeroed")))
    assert drawn(map) == {(0, 0): "k-kept", (0, 1): "k-removed", (1, 0): "k-zeroed"}
    assert [(mark.style, mark.path[:4]) for mark in map.marks] == [("m-removed", "M1 0"), ("m-zeroed", "M0 1")]
    assert [ink.word for ink in map.inks] == ["kept", "removed", "zeroed"]


def test_ends_of_the_scale_are_the_least_and_the_greatest() -> None:
    map = draw(Amount("x", "", GRID))
    assert (map.low, map.high) == ("0.0100", "0.6100")


def test_a_word_that_no_head_has_is_not_in_the_legend() -> None:
    assert [ink.word for ink in draw(traits(make_report(heads=()))[0]).inks] == ["kept"]


@pytest.mark.parametrize("heads", [(1,), (4, 4, 4), (12,) * 6, (32,) * 32, (64,) * 80, (3, 0, 7)])
def test_labels_never_run_into_each_other(heads: tuple[int, ...]) -> None:
    found = frame(heads)
    wide, high = 1.2 * found.size, found.size
    assert all(b - a >= wide for a, b in zip(found.columns, found.columns[1:], strict=False))
    assert all(b - a >= high for a, b in zip(found.rows, found.rows[1:], strict=False))
    assert found.columns[0] == found.rows[0] == 0
    assert (found.width, found.height) == (max(heads), len(heads))
