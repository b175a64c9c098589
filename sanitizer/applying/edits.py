"""Which stored tensors change when heads go, and how: names, shapes and ranges, no bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sanitizer.errors import CorruptError
from sanitizer.model.geometry import Geometry, LayerGeometry, Parts, Split, emptied, kept
from sanitizer.vet.safetensors import Described

HINT = "the config and the weights belong to different models, or the weights were saved under other names"


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


def edits_of(geometry: Geometry, done: Split, tensors: Mapping[str, Described]) -> dict[str, Edit]:
    """By name the tensors that change, for heads that `done` cuts or zeroes (see `sanitizer.model.geometry.split`).

    Raises CorruptError, whatever heads are asked for, if a layer's projection is not there or of another shape than
    the config gives it.
    """
    found: dict[str, Edit] = {}
    for layer in geometry.layers:
        zero = emptied(layer, [head.head for head in done.zero if head.layer == layer.index])
        cut = {head.head for head in done.cut if head.layer == layer.index}
        keep = kept(layer, [head for head in range(layer.heads) if head not in cut]) if cut else None
        changes = _of_layer(layer, zero, keep, tensors)
        found |= {name: edit for name, edit in changes.items() if edit.zero or edit.keep is not None}
    return found


def _of_layer(
    layer: LayerGeometry, zero: Parts, keep: Parts | None, tensors: Mapping[str, Described]
) -> dict[str, Edit]:
    family, place = layer.family, f"{layer.family.layers}.{layer.index}"
    outputs, inputs = (1, 0) if family.transposed else (0, 1)
    found: dict[str, Edit] = {}
    for index, (name, width) in enumerate(zip(family.projections, layer.widths, strict=True)):
        path = f"{place}.{family.attention}.{name}"
        rows = zero.rows[index], None if keep is None else keep.rows[index]
        found[_named(f"{path}.weight", tensors, dimensions=2, axis=outputs, size=width)] = Edit(outputs, *rows)
        if any(_is(stored, f"{path}.bias") for stored in tensors):
            found[_named(f"{path}.bias", tensors, dimensions=1, axis=0, size=width)] = Edit(0, *rows)
    width = layer.heads * layer.head_dim
    output = _named(f"{place}.{family.output}.weight", tensors, dimensions=2, axis=inputs, size=width)
    return {**found, output: Edit(inputs, zero.columns, None if keep is None else keep.columns)}


def _named(path: str, tensors: Mapping[str, Described], *, dimensions: int, axis: int, size: int) -> str:
    """The one stored name that ends in a path, of this size along an axis."""
    names = [name for name in tensors if _is(name, path)]
    if len(names) != 1:
        many = f"{len(names)} tensors are" if names else "no tensor is"
        raise CorruptError(f"{many} called {path}", hint=HINT)
    shape = tensors[names[0]].shape
    if len(shape) != dimensions or shape[axis] != size:
        raise CorruptError(
            f"{names[0]} has the shape {list(shape)}, and the config says {size} along axis {axis}", hint=HINT
        )
    return names[0]


def _is(name: str, path: str) -> bool:
    return name == path or name.endswith(f".{path}")
