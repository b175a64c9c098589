"""How far each head stands out from the others of its model: robust deviations.

A deviation is (x - median of its layer) / scale, where the scale is the largest of three: 1.4826 times the median
absolute deviation within the layer (Iglewicz and Hoaglin 1993), the same over the deviations of all layers, and
`least`. Layers differ from each other in any model, so a head is held against its own; a layer has few heads, so that
its own spread alone would often be far too small by chance. A head stands out within its layer and across layers or not
at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from sanitizer.heads import Grid

CONSISTENT = 1.4826
"""Makes the median absolute deviation an estimate of the standard deviation where values are normal."""
LEAST = 0.01
"""Logarithms and shares that differ by less than this are as good as equal."""


def deviations(values: Sequence[Sequence[float]], *, least: float = LEAST) -> Grid:
    """Robust deviation of every value, [layer][head]. NaN marks a value that is not there, and gives NaN."""
    apart = [_apart(row) for row in values]
    overall = _spread([value for row in apart for value in row])
    return tuple(tuple(value / max(overall, _spread(row), least) for value in row) for row in apart)


def _apart(row: Sequence[float]) -> list[float]:
    there = [value for value in row if not math.isnan(value)]
    return [value - median(there) if there else value for value in row]


def _spread(values: Sequence[float]) -> float:
    sizes = [abs(value) for value in values if not math.isnan(value)]
    return CONSISTENT * median(sizes) if sizes else 0.0
