"""What changed in each head, by its slices of the stored projections; a layer's matrices are in memory at a time."""

from __future__ import annotations

import math

import numpy as np

from sanitizer.compare.stored import Stored
from sanitizer.errors import UnsupportedError
from sanitizer.heads import HeadId
from sanitizer.model.stored import Piece, StoredLayer
from sanitizer.progress import Progress, silent, track
from sanitizer.report import HeadChanges

Weights = dict[int, tuple[list[np.ndarray], bool]]
"""By original index: what a head computes with, in the order of its pieces, and whether all that is its own is zero."""


def compare_heads(left: Stored, right: Stored, *, progress: Progress = silent) -> HeadChanges:
    """Heads by the indices they had before any was cut out.

    Raises UnsupportedError or CorruptError where one side is of an unknown family or not of its config's shapes, and
    UnsupportedError where the two did not begin with the same heads.
    """
    ours, theirs = left.heads(), right.heads()
    if ours.shape != theirs.shape or left.config.get("model_type") != right.config.get("model_type"):
        raise UnsupportedError("the two were not built with the same heads, so none is another's counterpart")
    grid: list[tuple[float | None, ...]] = []
    gone: list[HeadId] = []
    come: list[HeadId] = []
    zeroed: list[HeadId] = []
    pairs = list(zip(ours.layers, theirs.layers, strict=True))
    for index, (one, other) in enumerate(track(progress, "compare heads", pairs)):
        before, after = _weights(left, one), _weights(right, other)
        gone += [HeadId(index, head) for head in sorted(before.keys() - after.keys())]
        come += [HeadId(index, head) for head in sorted(after.keys() - before.keys())]
        both = sorted(before.keys() & after.keys())
        zeroed += [HeadId(index, head) for head in both if after[head][1] and not before[head][1]]
        grid.append(tuple(_change(before, after, head) for head in range(ours.shape.heads)))
    return HeadChanges(tuple(grid), tuple(gone), tuple(come), tuple(zeroed))


def _weights(stored: Stored, layer: StoredLayer) -> Weights:
    tensors = {piece.tensor: piece for position in range(len(layer.original)) for piece in layer.all_of(position)}
    whole = {name: stored.numbers(name) for name in tensors}

    def part(piece: Piece) -> np.ndarray:
        span = slice(piece.span.start, piece.span.stop)
        return whole[piece.tensor][span] if piece.axis == 0 else whole[piece.tensor][:, span]

    return {
        head: (
            [part(piece) for piece in layer.all_of(position)],
            not any(part(piece).any() for piece in layer.own(position)),
        )
        for position, head in enumerate(layer.original)
    }


def _change(before: Weights, after: Weights, head: int) -> float | None:
    """None where a side lacks the head or it is zero there, and where shapes or numbers allow no comparison."""
    if head not in before or head not in after or before[head][1] or after[head][1]:
        return None
    square = norm = 0.0
    if [piece.shape for piece in before[head][0]] != [piece.shape for piece in after[head][0]]:
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        for one, other in zip(before[head][0], after[head][0], strict=True):
            square += float(np.square(other - one).sum())
            norm += float(np.square(one).sum())
    return math.sqrt(square / norm) if norm and math.isfinite(square) and math.isfinite(norm) else None
