"""How alike the heads of a chosen layer attend: one drawing, and every layer as a short text for the page's script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sanitizer.errors import CorruptError
from sanitizer.heads import Grid
from sanitizer.html.maps import Frame, Ink, frame, scaled
from sanitizer.report import ScanRecord

SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyz"
MOST = len(SYMBOLS) ** 2 - 1


@dataclass(frozen=True)
class Matrix:
    """Cosines between heads of a layer. `layers` has each in two digits of base 36, from 0 ("00") to 1 ("zz"), row by
    row, of each head with the later ones; layer `first`, the most alike, is drawn in `inks` from `low` to `high`."""

    layers: tuple[str, ...]
    heads: tuple[int, ...]
    first: int
    frame: Frame
    inks: tuple[Ink, ...]
    low: float
    high: float


def matrix(scan: ScanRecord, heads: Sequence[int]) -> Matrix | None:
    """None where the report has no such cosines. Raises CorruptError where they are not those of so many heads."""
    if not scan.cosines:
        return None
    if [[len(row) for row in layer] for layer in scan.cosines] != [list(range(count))[::-1] for count in heads]:
        raise CorruptError("the report has cosines of other pairs than its layers have", hint="get the report again")
    every = [value for layer in scan.cosines for row in layer for value in row]
    if not every:
        return None
    means = [sum(map(sum, layer)) / max(sum(map(len, layer)), 1) for layer in scan.cosines]
    first = max(range(len(means)), key=means.__getitem__)
    low, high = min(every), max(every)
    drawn = scaled(_whole(scan.cosines[first]), low, high)
    layers = tuple("".join(encoded(value) for row in layer for value in row) for layer in scan.cosines)
    return Matrix(layers, tuple(heads), first, frame((max(heads),) * max(heads)), drawn, low, high)


def encoded(cosine: float) -> str:
    """A cosine as two digits; attention is never negative, and neither is its cosine."""
    number = round(min(max(cosine, 0.0), 1.0) * MOST)
    return SYMBOLS[number // len(SYMBOLS)] + SYMBOLS[number % len(SYMBOLS)]


def _whole(later: Grid) -> list[list[float | None]]:
    """Both triangles; None on the diagonal, where every head is like itself."""
    count = len(later)
    return [
        [None if row == column else later[min(row, column)][abs(row - column) - 1] for column in range(count)]
        for row in range(count)
    ]
