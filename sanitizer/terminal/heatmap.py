"""Layers × heads as a picture: colour blocks where there is colour, digits where there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Set
from typing import Literal

from rich.text import Text

from sanitizer.heads import Grid, HeadId
from sanitizer.report import HeadClass

HEADS_PER_LINE = 32
"""With two columns a head and the label of its layer, a line stays within 80 columns."""

Outcome = Literal["removed", "zeroed", "added"]
Mark = Outcome | HeadClass
MARKS: Mapping[Mark, str] = {
    "removed": "x",
    "zeroed": "z",
    "added": "a",
    "suspicious": "!",
    "intermediate": ".",
    "trusted": "+",
}

_LOUD = {MARKS["removed"], MARKS["zeroed"], MARKS["suspicious"]}

# Ten steps of viridis, dark to bright: even in lightness, and told apart with any colour vision.
PALETTE = (
    *("#440154", "#482878", "#3e4989", "#31688e", "#26828e"),
    *("#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"),
)


def heatmap(grid: Grid, *, outcomes: Mapping[HeadId, Mark] | None = None, colour: bool, of: str = "value") -> Text:
    """Draw a [layer][head] grid; layers of more than 32 heads take several lines.

    Digits and colours rank a value between the least (0) and the greatest (9) of the grid; `x` is a head that was
    removed, `z` one that was zeroed, `a` one that was added, and `?` a value that is not finite. `of` names the values
    in the legend. Classes of heads have marks too: `!`, `.` and `+`. Where every head is marked there is no scale.
    """
    done = outcomes or {}
    finite = [value for row in grid for value in row if math.isfinite(value)]
    if not finite:
        return Text(f"no finite {of} to draw")
    low, high = min(finite), max(finite)
    label = len(f"L{len(grid) - 1}")
    widest = min(max(len(row) for row in grid), HEADS_PER_LINE)
    picture = Text(no_wrap=True)
    picture.append(f"{'':{label}} " + "".join(f" {head % 10}" for head in range(widest)) + "\n", style="dim")
    for layer, row in enumerate(grid):
        for start in range(0, len(row), HEADS_PER_LINE):
            picture.append(f"{f'L{layer}' if start == 0 else '':>{label}} ", style="dim")
            for head in range(start, min(start + HEADS_PER_LINE, len(row))):
                outcome = done.get(HeadId(layer, head))
                _cell(picture, MARKS[outcome] if outcome else _step(row[head], low, high), colour)
            picture.append("\n")
    scale = () if len(done) == sum(map(len, grid)) else ((0, low), (9, high))
    return picture.append_text(_legend(of, scale, set(done.values()), colour))


def _step(value: float, low: float, high: float) -> int | str:
    if not math.isfinite(value):
        return "?"
    return 0 if high == low else min(int((value - low) / (high - low) * 10), 9)


def _cell(picture: Text, step: int | str, colour: bool) -> None:
    if colour and isinstance(step, int):
        picture.append("  ", style=f"on {PALETTE[step]}")
    else:
        picture.append(f" {step}", style="bold red" if colour and step in _LOUD else "")


def _legend(of: str, scale: Iterable[tuple[int, float]], outcomes: Set[Mark], colour: bool) -> Text:
    legend = Text()
    for step, value in scale:
        _cell(legend, step, colour)
        legend.append(f" {of} {value:.3g}  ", style="dim")
    for outcome in sorted(outcomes):
        _cell(legend, MARKS[outcome], colour)
        legend.append(f" {outcome}  ", style="dim")
    legend.rstrip()
    return legend
