"""Tensor by tensor: equal bit by bit, or how far apart. A pair of blocks is in memory at a time."""

from __future__ import annotations

import math

import numpy as np

from sanitizer.compare.stored import Stored
from sanitizer.errors import UnsupportedError
from sanitizer.progress import Progress, silent, track
from sanitizer.report import TensorDifference, TensorsRecord
from sanitizer.vet.arrays import numbers
from sanitizer.vet.header import TensorInfo


def compare_tensors(left: Stored, right: Stored, *, progress: Progress = silent) -> TensorsRecord:
    """Every tensor of both, by name. Raises CorruptError for a file that ends too early."""
    names = sorted(left.places.keys() | right.places.keys())
    found = [_compared(left, right, name) for name in track(progress, "compare tensors", names)]
    differences = tuple(difference for difference in found if difference is not None)
    return TensorsRecord(len(names) - len(differences), differences)


def _compared(left: Stored, right: Stored, name: str) -> TensorDifference | None:
    if name not in right.places:
        return TensorDifference(name, "left_only", _form(left.info(name)), None)
    if name not in left.places:
        return TensorDifference(name, "right_only", None, _form(right.info(name)))
    one, other = left.info(name), right.info(name)
    if one.shape != other.shape:
        return TensorDifference(name, "reshaped", _form(one), _form(other))
    same, relative, largest = _distance(left, right, name)
    if same and one.dtype == other.dtype:
        return None
    return TensorDifference(name, "changed", _form(one), _form(other), relative, largest)


def _distance(left: Stored, right: Stored, name: str) -> tuple[bool, float | None, float | None]:
    """Whether all bits are equal, the relative norm of the difference, and the largest difference."""
    one, other = left.info(name).dtype, right.info(name).dtype
    same, square, norm, largest = True, 0.0, 0.0, 0.0
    # Formats of other widths have blocks of other numbers of rows: those are taken whole.
    pairs = (
        zip(left.blocks(name), right.blocks(name), strict=True)
        if one == other
        else [(left.bits(name), right.bits(name))]
    )
    for mine, theirs in pairs:
        equal = one == other and np.array_equal(mine, theirs)
        same = same and equal
        try:
            before = numbers(mine, one)
            after = before if equal else numbers(theirs, other)
        except UnsupportedError:
            return same, None, None
        with np.errstate(invalid="ignore", over="ignore"):  # infinity less infinity; told below
            apart = after - before
            norm += float(np.square(before).sum())
            square += float(np.square(apart).sum())
            largest = max(largest, float(np.abs(apart).max())) if apart.size else largest
    if not math.isfinite(square) or not math.isfinite(norm):
        return same, None, None
    return same, (math.sqrt(square / norm) if norm else None if square else 0.0), largest


def _form(info: TensorInfo) -> str:
    """`F16 [384, 384]`."""
    return f"{info.dtype} {list(info.shape)}"
