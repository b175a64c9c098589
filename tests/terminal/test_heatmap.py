"""Pictures against golden text, and against what any terminal can hold."""

from __future__ import annotations

import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from sanitizer.heads import Grid, HeadId
from sanitizer.terminal.heatmap import PALETTE, heatmap

SMALL: Grid = ((0.0, 0.1, 0.25), (1.0, 0.999, 0.5))

GOLDEN = """\
    0 1 2
L0  z 1 x
L1  9 9 5
 0 worth keeping 0   9 worth keeping 1   x removed   z zeroed"""

GOLDEN_WIDE = """\
    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
L0  0 0 0 0 1 1 1 1 2 2 2 2 3 3 3 3 4 4 4 4 5 5 5 5 6 6 6 6 7 7 7 7
    8 8 8 8 9 9 9 9
 0 value 0   9 value 39"""


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_without_colour_it_is_digits() -> None:
    picture = heatmap(
        SMALL, outcomes={HeadId(0, 2): "removed", HeadId(0, 0): "zeroed"}, colour=False, of="worth keeping"
    ).plain
    assert lines(picture) == lines(GOLDEN)


def test_more_heads_than_fit_take_another_line() -> None:
    picture = heatmap((tuple(float(value) for value in range(40)),), colour=False).plain
    assert lines(picture) == lines(GOLDEN_WIDE)


def test_with_colour_it_is_blocks_of_the_palette() -> None:
    picture = heatmap(SMALL, outcomes={HeadId(0, 2): "removed", HeadId(0, 0): "zeroed"}, colour=True)
    grid = [picture.plain[span.start : span.end] for span in picture.spans if "on #" in str(span.style)]
    colours = [str(span.style).removeprefix("on ") for span in picture.spans if "on #" in str(span.style)]
    assert set(grid) == {"  "}
    assert colours[:-2] == [PALETTE[1], PALETTE[9], PALETTE[9], PALETTE[5]]
    assert colours[-2:] == [PALETTE[0], PALETTE[9]]  # the legend
    assert picture.plain.splitlines()[1] == "L0  z   x"


def test_where_every_head_has_a_class_there_is_no_scale() -> None:
    classes = {HeadId(0, 0): "suspicious", HeadId(0, 1): "intermediate", HeadId(0, 2): "trusted"}
    picture = heatmap(SMALL[:1], outcomes=classes, colour=False).plain  # type: ignore[arg-type]
    assert lines(picture) == ["    0 1 2", "L0  ! . +", " . intermediate   ! suspicious   + trusted"]


def test_layers_of_different_length_and_values_that_are_none() -> None:
    picture = heatmap(((0.0, math.nan), (1.0,), ()), colour=False).plain.splitlines()
    assert picture[1:3] == ["L0  0 ?", "L1  9"]
    assert heatmap(((math.inf,),), colour=False, of="importance").plain == "no finite importance to draw"
    assert heatmap((), colour=False).plain == "no finite value to draw"


def test_equal_values_are_drawn_as_equal() -> None:
    assert heatmap(((0.3, 0.3),), colour=False).plain.splitlines()[1] == "L0  0 0"


def test_more_layers_than_ten_stay_aligned() -> None:
    rows = heatmap(((0.0, 1.0),) * 12, colour=False).plain.splitlines()[:-1]
    assert {len(row) for row in rows} == {8}
    assert rows[1].startswith(" L0 ")
    assert rows[12].startswith("L11 ")


@given(
    st.lists(st.lists(st.floats(allow_nan=False, width=32), max_size=70).map(tuple), min_size=1, max_size=12).map(
        tuple
    ),
    st.booleans(),
)
def test_any_grid_fits_80_columns_and_shows_every_head(grid: Grid, colour: bool) -> None:
    picture = heatmap(grid, colour=colour, of="importance")
    assert max(map(len, picture.plain.splitlines())) <= 80
    if not colour and any(math.isfinite(value) for row in grid for value in row):
        body = picture.plain.splitlines()[1:-1]
        assert sum(len(line.split()) - line.lstrip().startswith("L") for line in body) == sum(map(len, grid))


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1", "TERM": "xterm-256color"}, {"TERM": "dumb"}])
def test_no_color_and_dumb_terminals_get_digits(environment: dict[str, str]) -> None:
    from sanitizer.terminal.consoles import coloured

    console = Console(file=io.StringIO(), force_terminal=True, _environ=environment)
    assert not coloured(console)
