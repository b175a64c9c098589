"""Which numbers of an attention layer belong to which head, and what of it goes or stays: no model, no torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sanitizer.heads import HeadId
from sanitizer.model.families import Family, HeadShape, Separate, rows_of

QUERY, KEY, VALUE = 0, 1, 2


@dataclass(frozen=True)
class LayerGeometry:
    """The heads of one layer as it is now. `original` are the indices that they had before any were cut."""

    index: int
    family: Family
    original: tuple[int, ...]
    key_heads: int
    head_dim: int

    @property
    def heads(self) -> int:
        """Query heads in this layer."""
        return len(self.original)

    @property
    def group(self) -> int:
        """Query heads that share one key head."""
        return self.heads // self.key_heads

    def columns(self, head: int) -> range:
        """Input features of the output projection that carry a query head."""
        return range(head * self.head_dim, (head + 1) * self.head_dim)

    def place(self, role: int, head: int) -> tuple[int, range]:
        """Which projection holds a role (QUERY, KEY, VALUE) of a head, and in which of its output features.

        Key and value heads are counted as key heads are.
        """
        return rows_of(
            self.family.projection, role, head, heads=self.heads, key_heads=self.key_heads, head_dim=self.head_dim
        )

    @property
    def widths(self) -> tuple[int, ...]:
        """Output features of each projection."""
        each = (self.heads * self.head_dim, self.key_heads * self.head_dim, self.key_heads * self.head_dim)
        return each if isinstance(self.family.projection, Separate) else (sum(each),)


class Geometry(Protocol):
    """All attention layers of a model, and the shape they had before any head was cut."""

    @property
    def shape(self) -> HeadShape:
        """The shape before."""

    @property
    def layers(self) -> Sequence[LayerGeometry]:
        """The layers now."""


@dataclass(frozen=True)
class Layers:
    """A geometry that nothing but numbers stand behind."""

    shape: HeadShape
    layers: tuple[LayerGeometry, ...]


def layer_of(index: int, family: Family, shape: HeadShape, cut: Iterable[int]) -> LayerGeometry:
    """A layer from which the heads `cut` are missing."""
    gone, group = set(cut), shape.heads // shape.key_heads
    original = tuple(head for head in range(shape.heads) if head not in gone)
    return LayerGeometry(index, family, original, len({head // group for head in original}), shape.head_dim)


@dataclass(frozen=True)
class Parts:
    """Some of a layer: output features of each projection, and input features of the output projection, in order."""

    rows: tuple[tuple[range, ...], ...]
    columns: tuple[range, ...]


def kept(layer: LayerGeometry, heads: Sequence[int]) -> Parts:
    """What stays where these query heads do: they and the key heads that they use."""
    return _parts(layer, heads, sorted({head // layer.group for head in heads}))


def emptied(layer: LayerGeometry, heads: Iterable[int]) -> Parts:
    """What belongs to these query heads alone: key and value only where their whole group is among them."""
    gone = set(heads)
    keys = [key for key in range(layer.key_heads) if gone.issuperset(range(key * layer.group, (key + 1) * layer.group))]
    return _parts(layer, sorted(gone), keys)


def _parts(layer: LayerGeometry, heads: Sequence[int], keys: Sequence[int]) -> Parts:
    places = [layer.place(QUERY, head) for head in heads]
    places += [layer.place(role, key) for role in (KEY, VALUE) for key in keys]
    rows = tuple(
        tuple(sorted((rows for at, rows in places if at == projection), key=lambda rows: rows.start))
        for projection in range(len(layer.widths))
    )
    return Parts(rows, tuple(layer.columns(head) for head in heads))


@dataclass(frozen=True)
class Split:
    """How a wish to remove heads can be met: cut out of the tensors, or zeroed in them. Heads count as before."""

    cut: tuple[HeadId, ...]
    zero: tuple[HeadId, ...]


def split(geometry: Geometry, heads: Iterable[HeadId]) -> Split:
    """Cut as many of the heads as the layout of each layer allows; every head ends in exactly one of the two."""
    wanted = sorted(set(heads))
    cut: list[HeadId] = []
    for layer in geometry.layers:
        cut += [
            HeadId(layer.index, head) for head in _cuttable(layer, [h.head for h in wanted if h.layer == layer.index])
        ]
    return Split(tuple(cut), tuple(head for head in wanted if head not in set(cut)))


def _cuttable(layer: LayerGeometry, wanted: Sequence[int]) -> list[int]:
    """Whole groups of query heads with their key head, then as many of each group left as all of them can spare."""
    groups = [[head for head in wanted if head // layer.group == key] for key in range(layer.key_heads)]
    whole = [group for group in groups if len(group) == layer.group]
    if len(whole) == layer.key_heads:
        whole = whole[:-1]  # an attention layer without heads cannot be built: its last group is zeroed
    rest = [group for group in groups if group not in whole or not group]
    spare = min(len(group) for group in rest)
    if spare == layer.group:
        spare -= 1
    return sorted(head for group in whole for head in group) + sorted(head for group in rest for head in group[:spare])


def without(geometry: Geometry, cut: Iterable[HeadId]) -> Layers:
    """The geometry once these heads are cut out. They must be a set that `split` calls cuttable."""
    gone = {(head.layer, geometry.layers[head.layer].original[head.head]) for head in cut}
    shape = geometry.shape
    return Layers(
        shape,
        tuple(
            layer_of(
                layer.index,
                layer.family,
                shape,
                [head for head in range(shape.heads) if head not in layer.original or (layer.index, head) in gone],
            )
            for layer in geometry.layers
        ),
    )
