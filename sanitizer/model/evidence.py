"""From measurements of heads to p-values: of one kind of evidence, and of several kinds together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from sanitizer.heads import Grid
from sanitizer.model.outliers import deviations
from sanitizer.model.traits import Silence

FREEDOM = 4
AGREE = 2

PValues = Annotated[NDArray[np.float64], "[head]"]
"""One for each head, in order of layer and head."""


def either(measured: Mapping[str, Grid], silence: Silence) -> PValues:
    """For standing out either way by any of these measurements; silent heads stand out by none."""
    return _smallest([2 * student.sf(np.abs(apart), FREEDOM) for apart in _apart(measured, silence)])


def above(measured: Mapping[str, Grid], silence: Silence) -> PValues:
    """For being above the other heads by any of these measurements; silent heads are above by none."""
    return _smallest([student.sf(apart, FREEDOM) for apart in _apart(measured, silence)])


def combined(kinds: Mapping[str, PValues]) -> PValues:
    """The second smallest of K p-values, times K / 2, at most 1: two kinds of evidence have to agree.

    Source: Rüger 1978; valid whatever the dependence between the kinds.
    """
    ordered = np.sort(np.stack(list(kinds.values())), axis=0)
    return np.asarray(np.minimum(ordered[AGREE - 1] * len(ordered) / AGREE, 1.0), dtype=np.float64)


def _smallest(found: Sequence[Any]) -> PValues:
    """Bonferroni; 1 for a head that cannot be tested."""
    lowest = np.min(np.stack(found), axis=0) * len(found)
    return np.asarray(np.minimum(np.nan_to_num(lowest, nan=1.0), 1.0), dtype=np.float64)


def _apart(measured: Mapping[str, Grid], silence: Silence) -> list[PValues]:
    """The deviations of each measurement; NaN for heads that write nothing, which can carry nothing."""
    found = []
    for grid in measured.values():
        there = [
            [math.nan if mute else value for mute, value in zip(*rows, strict=True)]
            for rows in zip(silence, grid, strict=True)
        ]
        found.append(np.array([value for row in deviations(there) for value in row]))
    return found
