"""Where the heads of a checkpoint are, by its config and the names and shapes of its stored tensors. No torch.

`sanitizer.model.anatomy` says the same of a live model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sanitizer.errors import CorruptError, UnsupportedError
from sanitizer.model.families import Family, HeadShape, Separate, family_of, rows_of
from sanitizer.model.removed import removed_heads

Shapes = Mapping[str, tuple[int, ...]]
_ALIASES = {
    "num_attention_heads": ("num_attention_heads", "n_head", "n_heads"),
    "num_hidden_layers": ("num_hidden_layers", "n_layer", "n_layers"),
    "hidden_size": ("hidden_size", "n_embd", "dim"),
}
"""What transformers calls `attribute_map`: the words of gpt2 and distilbert."""


@dataclass(frozen=True)
class Piece:
    """Part of a stored tensor: `span` of its axis 0 (rows) or 1 (columns)."""

    tensor: str
    axis: int
    span: range


@dataclass(frozen=True)
class StoredLayer:
    """One layer: the original indices of the query heads that are in it, and how they lie in its tensors."""

    family: Family
    original: tuple[int, ...]
    key_heads: int
    head_dim: int
    projections: tuple[str, ...]
    output: str
    biases: tuple[str | None, ...]

    @property
    def group(self) -> int:
        """Query heads that share one key head."""
        return len(self.original) // self.key_heads

    def own(self, position: int) -> Iterator[Piece]:
        """What belongs to the query head at a position alone: its query rows and its columns of the output."""
        yield from self._role(0, position)
        columns = range(position * self.head_dim, (position + 1) * self.head_dim)
        yield Piece(self.output, 0 if self.family.transposed else 1, columns)

    def shared(self, key: int) -> Iterator[Piece]:
        """Key and value rows of a key head."""
        yield from self._role(1, key)
        yield from self._role(2, key)

    def all_of(self, position: int) -> Iterator[Piece]:
        """What a query head computes with, shared or not."""
        yield from self.own(position)
        yield from self.shared(position // self.group)

    def _role(self, role: int, head: int) -> Iterator[Piece]:
        which, rows = rows_of(
            self.family.projection,
            role,
            head,
            heads=len(self.original),
            key_heads=self.key_heads,
            head_dim=self.head_dim,
        )
        yield Piece(self.projections[which], 1 if self.family.transposed else 0, rows)
        bias = self.biases[which]
        if bias is not None:
            yield Piece(bias, 0, rows)


@dataclass(frozen=True)
class StoredHeads:
    """All attention layers of a checkpoint; `shape` is that of the model before any head was cut out."""

    shape: HeadShape
    layers: tuple[StoredLayer, ...]

    @classmethod
    def of(cls, config: Mapping[str, Any], shapes: Shapes) -> StoredHeads:
        """Find them. Raises UnsupportedError for a family or a layout that is not known.

        Raises CorruptError where a tensor is missing, or has not the shape that the config gives it.
        """
        family = family_of(str(config.get("model_type")))
        words = SimpleNamespace(**config)
        for name, aliases in _ALIASES.items():
            setattr(words, name, _number(config, aliases))
        shape = HeadShape.of(words)
        cut = removed_heads(words, shape)
        if family.head_dim_key and config.get("head_dim") is None and not cut:
            # The library's own number, where the config does not say it; nothing but the tensors tells which.
            first = _find(shapes, family, 0, family.output)
            shape = HeadShape(shape.layers, shape.heads, shape.key_heads, _inner(family, shapes[first]) // shape.heads)
        layers = tuple(_layer(family, shape, shapes, index, cut.get(index, ())) for index in range(shape.layers))
        return cls(shape, layers)


def _number(config: Mapping[str, Any], names: tuple[str, ...]) -> int:
    found = next((config[name] for name in names if type(config.get(name)) is int and config[name] > 0), None)
    if found is None:
        raise UnsupportedError(f"the config does not say {names[0]}", hint="name a folder that save_pretrained wrote")
    return int(found)


def _layer(family: Family, shape: HeadShape, shapes: Shapes, index: int, cut: tuple[int, ...]) -> StoredLayer:
    original = tuple(head for head in range(shape.heads) if head not in cut)
    keys = len({head // (shape.heads // shape.key_heads) for head in original})
    separate = isinstance(family.projection, Separate)
    paths = vars(family.projection).values()
    projections = tuple(_find(shapes, family, index, f"{family.attention}.{path}") for path in paths)
    output = _find(shapes, family, index, family.output)
    named = [f"{name.removesuffix('weight')}bias" for name in projections]
    biases = tuple(name if name in shapes else None for name in named)
    dim, heads = shape.head_dim, len(original)
    widths = (heads, keys, keys) if separate else (heads + 2 * keys,)
    for weight, bias, width in zip(projections, biases, widths, strict=True):
        _demand(shapes, weight, 1 if family.transposed else 0, width * dim)
        if bias is not None:
            _demand(shapes, bias, 0, width * dim)
    _demand(shapes, output, 0 if family.transposed else 1, heads * dim)
    return StoredLayer(family, original, keys, dim, projections, output, biases)


def _demand(shapes: Shapes, name: str, axis: int, length: int) -> None:
    shape = shapes[name]
    if len(shape) <= axis or shape[axis] != length:
        raise CorruptError(
            f"{name} has the shape {list(shape)}, and {length} along axis {axis} is what its heads need",
            hint="the config and the weights belong to different models",
        )


def _inner(family: Family, shape: tuple[int, ...]) -> int:
    return shape[0 if family.transposed else 1] if len(shape) == 2 else 0


def _find(shapes: Shapes, family: Family, index: int, path: str) -> str:
    """The stored name, whatever the task's class puts before it."""
    wanted = f"{family.layers}.{index}.{path}.weight"
    found = [name for name in shapes if name == wanted or name.endswith(f".{wanted}")]
    if not found:
        raise CorruptError(f"there is no tensor {wanted}", hint="get the model again")
    if len(found) > 1:
        raise UnsupportedError(f"{found[0]} and {found[1]} could both be the projection of a layer")
    return found[0]
