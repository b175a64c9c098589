"""Layers × heads as a drawing: one SVG path for each colour, so that a thousand heads take ten kilobytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from sanitizer.html.traits import Amount, Balance, Kind, Trait

STEPS = 10
SIDE = 4
"""Steps of a balance on either side of zero."""


@dataclass(frozen=True)
class Ink:
    """What is drawn alike: the CSS class of a colour or a mark, the heads as a path, and the word for it."""

    style: str
    path: str
    word: str = ""


@dataclass(frozen=True)
class Map:
    """A trait drawn: its colours, the marks on top of them, and the least and greatest of its scale ("" for none)."""

    name: str
    note: str
    inks: tuple[Ink, ...]
    marks: tuple[Ink, ...] = ()
    low: str = ""
    high: str = ""
    scale: tuple[str, ...] = ()


@dataclass(frozen=True)
class Frame:
    """What all maps of a model share. Lengths are in cells: a head is one wide, a layer one high.

    `labels` are x, y and text; `size` is that of their letters, `left` and `top` the room they take.
    """

    width: int
    height: int
    size: float
    left: float
    top: float
    columns: tuple[int, ...]
    rows: tuple[int, ...]


def frame(heads: Sequence[int]) -> Frame:
    """Labels as large as a reader needs at the width of a third of a page: few of them where cells are small."""
    width, height = max(heads, default=0), len(heads)
    size = max(0.36, 0.03 * width)
    return Frame(
        width,
        height,
        size,
        left=0.5 + 0.6 * size * len(f"L{height - 1}"),
        top=1.4 * size,
        columns=tuple(range(0, width, _stride(1.9 * size))),
        rows=tuple(range(0, height, _stride(1.2 * size))),
    )


def draw(trait: Trait) -> Map:
    """The map of a trait. A value that is the same for every head has the lowest colour."""
    match trait:
        case Kind():
            found = [(word, (*_where(trait.texts, word),)) for word in trait.words]
            inks = tuple(Ink(f"k-{word}", cells(places), word) for word, places in found if places)
            marks = tuple(Ink(f"m-{word}", _MARKS[word](places)) for word, places in found if places and word in _MARKS)
            return Map(trait.name, trait.note, inks, marks)
        case Balance():
            most = max((abs(value) for row in trait.grid for value in row), default=0.0)
            scale = tuple(f"b{step}" for step in range(2 * SIDE + 1))
            steps = [[SIDE + round(SIDE * value / most) if most else SIDE for value in row] for row in trait.grid]
            return Map(trait.name, trait.note, _inks("b", steps), (), f"−{most:.1f}", f"{most:+.1f}", scale)
        case Amount():
            values = [value for row in trait.grid for value in row if value is not None]
            low, high = min(values, default=0.0), max(values, default=0.0)
            texts = {value: text for row, said in zip(trait.grid, trait.texts, strict=True)
                     for value, text in zip(row, said, strict=True)}  # fmt: skip
            scale = tuple(f"s{step}" for step in range(STEPS))
            least, greatest = texts.get(low, ""), texts.get(high, "")
            return Map(trait.name, trait.note, scaled(trait.grid, low, high), (), least, greatest, scale)


def cells(places: Iterable[tuple[int, int]]) -> str:
    """(layer, head) pairs in order as strokes one cell high: `M7 3h2` is L3.H7 and L3.H8, with a line between them."""
    runs: list[tuple[int, int, int]] = []
    for layer, head in places:
        if runs and (layer, head) == (runs[-1][0], runs[-1][1] + runs[-1][2]):
            runs[-1] = (layer, runs[-1][1], runs[-1][2] + 1)
        else:
            runs.append((layer, head, 1))
    return "".join(f"M{head} {layer}h{count}" for layer, head, count in runs)


def scaled(grid: Sequence[Sequence[float | None]], low: float, high: float) -> tuple[Ink, ...]:
    """Numbers in ten colours from `low` to `high`; None is not drawn."""
    return _inks("s", [[None if value is None else _step(value, low, high) for value in row] for row in grid])


def _inks(prefix: str, steps: Sequence[Sequence[int | None]]) -> tuple[Ink, ...]:
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for layer, row in enumerate(steps):
        for head, step in enumerate(row):
            if step is not None:
                found[step].append((layer, head))
    return tuple(Ink(f"{prefix}{step}", cells(found[step])) for step in sorted(found))


def _step(value: float, low: float, high: float) -> int:
    return 0 if high == low else min(int((value - low) / (high - low) * STEPS), STEPS - 1)


def _where(texts: Sequence[Sequence[str]], word: str) -> Iterable[tuple[int, int]]:
    return ((layer, head) for layer, row in enumerate(texts) for head, text in enumerate(row) if text == word)


def _stride(room: float) -> int:
    return 1 << max(ceil(room) - 1, 0).bit_length()


def _cross(places: Iterable[tuple[int, int]]) -> str:
    return "".join(f"M{head} {layer}l.3.3m-.3 0l.3-.3" for layer, head in places)


def _plus(places: Iterable[tuple[int, int]]) -> str:
    return "".join(f"M{head} {layer}m0 .15h.3m-.15-.15v.3" for layer, head in places)


def _dash(places: Iterable[tuple[int, int]]) -> str:
    return "".join(f"M{head} {layer}m0 .15h.3" for layer, head in places)


def _dot(places: Iterable[tuple[int, int]]) -> str:
    return "".join(f"M{head} {layer}m.15.15h0" for layer, head in places)


# Drawn from the corner of a square of 0.3 in the middle of a cell, so that no word is told by its colour alone.
_MARKS = {"removed": _cross, "added": _plus, "zeroed": _dash, "suspicious": _dot, "suspect": _dot}
