"""Where the heads of a checkpoint are, by its config and the names and shapes of its stored tensors. No torch.

`sanitizer.model.anatomy` says the same of a live model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sanitizer.errors import CorruptError, UnsupportedError
from sanitizer.model.families import Family, HeadShape, family_of
from sanitizer.model.geometry import KEY, QUERY, VALUE, LayerGeometry, layer_of
from sanitizer.model.removed import removed_heads

Shapes = Mapping[str, tuple[int, ...]]
_ALIASES = {
    "num_attention_heads": ("num_attention_heads", "n_head", "n_heads"),
    "num_hidden_layers": ("num_hidden_layers", "n_layer", "n_layers"),
    "hidden_size": ("hidden_size", "n_embd", "dim"),
}
"""What transformers calls `attribute_map`: the words of gpt2 and distilbert."""
HINT = "the config and the weights belong to different models, or the weights were saved under other names"


@dataclass(frozen=True)
class Piece:
    """Part of a stored tensor: `span` of its axis 0 (rows) or 1 (columns)."""

    tensor: str
    axis: int
    span: range


@dataclass(frozen=True)
class StoredLayer(LayerGeometry):
    """One layer, and the tensors its heads lie in: weights and biases of the projections in turn, and the output."""

    projections: tuple[str, ...]
    biases: tuple[str | None, ...]
    output: str

    @classmethod
    def find(cls, layer: LayerGeometry, shapes: Shapes) -> StoredLayer:
        """By name and shape, whatever the task's class puts before the names.

        Raises CorruptError where a tensor is missing or of another shape, UnsupportedError where two could be meant.
        """
        family = layer.family
        outputs, inputs = (1, 0) if family.transposed else (0, 1)
        projections = tuple(_find(shapes, layer, f"{family.attention}.{path}") for path in family.projections)
        output = _find(shapes, layer, family.output)
        named = [f"{name.removesuffix('weight')}bias" for name in projections]
        biases = tuple(name if name in shapes else None for name in named)
        for weight, bias, width in zip(projections, biases, layer.widths, strict=True):
            _demand(shapes, weight, 2, outputs, width)
            if bias is not None:
                _demand(shapes, bias, 1, 0, width)
        _demand(shapes, output, 2, inputs, layer.heads * layer.head_dim)
        return cls(
            layer.index,
            family,
            layer.original,
            layer.key_heads,
            layer.head_dim,
            projections=projections,
            biases=biases,
            output=output,
        )

    @property
    def weights(self) -> tuple[str, ...]:
        """The tensors of the projections in turn, and of the output."""
        return (*self.projections, self.output)

    def own(self, position: int) -> Iterator[Piece]:
        """What belongs to the query head at a position alone: its query rows and its columns of the output."""
        yield from self._role(QUERY, position)
        yield Piece(self.output, 0 if self.family.transposed else 1, self.columns(position))

    def shared(self, key: int) -> Iterator[Piece]:
        """Key and value rows of a key head."""
        yield from self._role(KEY, key)
        yield from self._role(VALUE, key)

    def all_of(self, position: int) -> Iterator[Piece]:
        """What a query head computes with, shared or not."""
        yield from self.own(position)
        yield from self.shared(position // self.group)

    def _role(self, role: int, head: int) -> Iterator[Piece]:
        which, rows = self.place(role, head)
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
            first = _find(shapes, layer_of(0, family, shape, ()), family.output)
            shape = HeadShape(shape.layers, shape.heads, shape.key_heads, _inner(family, shapes[first]) // shape.heads)
        layers = (layer_of(index, family, shape, cut.get(index, ())) for index in range(shape.layers))
        return cls(shape, tuple(StoredLayer.find(layer, shapes) for layer in layers))


def _number(config: Mapping[str, Any], names: tuple[str, ...]) -> int:
    found = next((config[name] for name in names if type(config.get(name)) is int and config[name] > 0), None)
    if found is None:
        raise UnsupportedError(f"the config does not say {names[0]}", hint="name a folder that save_pretrained wrote")
    return int(found)


def _demand(shapes: Shapes, name: str, dimensions: int, axis: int, length: int) -> None:
    shape = shapes[name]
    if len(shape) != dimensions or shape[axis] != length:
        raise CorruptError(
            f"{name} has the shape {list(shape)}, and {length} along axis {axis} is what its heads need", hint=HINT
        )


def _inner(family: Family, shape: tuple[int, ...]) -> int:
    return shape[0 if family.transposed else 1] if len(shape) == 2 else 0


def _find(shapes: Shapes, layer: LayerGeometry, path: str) -> str:
    """The stored name, whatever the task's class puts before it."""
    wanted = f"{layer.family.layers}.{layer.index}.{path}.weight"
    found = [name for name in shapes if name == wanted or name.endswith(f".{wanted}")]
    if not found:
        raise CorruptError(f"there is no tensor {wanted}", hint=HINT)
    if len(found) > 1:
        raise UnsupportedError(f"{found[0]} and {found[1]} could both be the projection of a layer")
    return found[0]
