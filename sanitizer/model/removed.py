"""What a config says of heads that were cut out: reading it, and writing it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sanitizer.errors import UnsupportedError
from sanitizer.model.families import HeadShape
from sanitizer.model.geometry import Geometry

REMOVED_HEADS = "removed_heads"
METHOD = "sanitizer"
"""`config.quantization_config = {"quant_method": METHOD, REMOVED_HEADS: {"<layer>": [head, ...]}}`: the only place of
a config that lets stock transformers call our code before it loads weights. Heads count as in the unpruned model."""


def removed_heads(config: object, shape: HeadShape) -> dict[int, tuple[int, ...]]:
    """Heads a compact checkpoint says were cut out, by layer. Raises UnsupportedError for what cannot be."""
    stated = getattr(config, "quantization_config", None)
    if stated is None:
        return {}
    stated = stated if isinstance(stated, Mapping) else stated.to_dict()
    if stated.get("quant_method") != METHOD:
        raise UnsupportedError(
            f"weights quantized with {stated.get('quant_method')!r} cannot be treated",
            hint="take the repository with the full-precision weights",
        )
    return check_removed(stated[REMOVED_HEADS], shape)


def check_removed(stated: Mapping[str, Iterable[int]], shape: HeadShape) -> dict[int, tuple[int, ...]]:
    """Read `removed_heads` of a config. Raises UnsupportedError unless it describes a model that can be built."""
    result = {int(layer): tuple(sorted(heads)) for layer, heads in stated.items()}
    group = shape.heads // shape.key_heads
    for layer, cut in result.items():
        left = [head for head in range(shape.heads) if head not in cut]
        per_key = {sum(head // group == key for head in left) for key in {head // group for head in left}}
        if not (0 <= layer < shape.layers and set(cut) < set(range(shape.heads)) and len(per_key) == 1):
            raise UnsupportedError(f"the config says that heads {cut} of layer {layer} were cut out; they cannot be")
    return result


def describe(config: Any, geometry: Geometry) -> None:
    """Write into a config which heads are missing, as an explicit shape where stock transformers can express it.

    That takes the same number of heads in each layer and a family that honours `head_dim`; elsewhere the config asks
    for `sanitizer.loading`.
    """
    shape, first = geometry.shape, geometry.layers[0]
    if all(layer.heads == shape.heads for layer in geometry.layers):
        return
    uniform = all((layer.heads, layer.key_heads) == (first.heads, first.key_heads) for layer in geometry.layers)
    divides = config.hidden_size % first.heads == 0 or not first.family.divides_hidden
    if uniform and first.family.head_dim_key and divides:
        config.head_dim = shape.head_dim
        config.num_attention_heads, config.num_key_value_heads = first.heads, first.key_heads
        vars(config).pop("quantization_config", None)
        return
    config.quantization_config = {
        "quant_method": METHOD,
        REMOVED_HEADS: {
            str(layer.index): [head for head in range(shape.heads) if head not in layer.original]
            for layer in geometry.layers
            if layer.heads < shape.heads
        },
    }
