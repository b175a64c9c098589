"""Which stored tensors change when heads go, and how: names, shapes and ranges, no bytes."""

from __future__ import annotations

from dataclasses import dataclass

from sanitizer.model.geometry import Geometry, Parts, Split, emptied, kept
from sanitizer.model.stored import Shapes, StoredLayer


@dataclass(frozen=True)
class Edit:
    """What becomes of a tensor along one of its axes: `zero` is set to zero first, then only `keep` stays (None: all).

    Ranges are in order and do not touch each other's numbers.
    """

    axis: int
    zero: tuple[range, ...]
    keep: tuple[range, ...] | None

    def shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what is left."""
        if self.keep is None:
            return before
        left = sum(len(part) for part in self.keep)
        return (*before[: self.axis], left, *before[self.axis + 1 :])


def edits_of(geometry: Geometry, done: Split, shapes: Shapes) -> dict[str, Edit]:
    """By name the tensors that change, for heads that `done` cuts or zeroes (see `sanitizer.model.geometry.split`).

    Raises what `StoredLayer.find` raises, whatever heads are asked for.
    """
    found: dict[str, Edit] = {}
    for layer in (StoredLayer.find(layer, shapes) for layer in geometry.layers):
        zero = emptied(layer, [head.head for head in done.zero if head.layer == layer.index])
        cut = {head.head for head in done.cut if head.layer == layer.index}
        keep = kept(layer, [head for head in range(layer.heads) if head not in cut]) if cut else None
        changes = _of_layer(layer, zero, keep)
        found |= {name: edit for name, edit in changes.items() if edit.zero or edit.keep is not None}
    return found


def _of_layer(layer: StoredLayer, zero: Parts, keep: Parts | None) -> dict[str, Edit]:
    outputs, inputs = (1, 0) if layer.family.transposed else (0, 1)
    found: dict[str, Edit] = {}
    for index, (weight, bias) in enumerate(zip(layer.projections, layer.biases, strict=True)):
        rows = zero.rows[index], None if keep is None else keep.rows[index]
        found[weight] = Edit(outputs, *rows)
        if bias is not None:
            found[bias] = Edit(0, *rows)
    return {**found, layer.output: Edit(inputs, zero.columns, None if keep is None else keep.columns)}
