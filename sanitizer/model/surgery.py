"""Cutting heads out of a model, or zeroing them where they cannot be cut.

Why cut: a head that is only masked grows back; with W_O alone at zero, a few optimiser steps restore it. Under
grouped-query attention the value rows are shared, so a single query head can leave the tensors only together with one
of every other group; what cannot leave is zeroed, and zeroed again after each step of tuning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from sanitizer.heads import HeadId
from sanitizer.model.anatomy import Anatomy, LayerAnatomy
from sanitizer.model.families import FusedByHead, Separate
from sanitizer.model.removed import METHOD, REMOVED_HEADS


@dataclass(frozen=True)
class Split:
    """How a wish to remove heads can be met: cut out of the tensors, or zeroed in them. Heads count as before."""

    cut: tuple[HeadId, ...]
    zero: tuple[HeadId, ...]


def split(anatomy: Anatomy, heads: Iterable[HeadId]) -> Split:
    """Cut as many of the heads as the layout of each layer allows; every head ends in exactly one of the two."""
    wanted = sorted(set(heads))
    cut: list[HeadId] = []
    for layer in anatomy.layers:
        cut += [
            HeadId(layer.index, head) for head in _cuttable(layer, [h.head for h in wanted if h.layer == layer.index])
        ]
    return Split(tuple(cut), tuple(head for head in wanted if head not in set(cut)))


def _cuttable(layer: LayerAnatomy, wanted: Sequence[int]) -> list[int]:
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


def cut(model: PreTrainedModel, anatomy: Anatomy, heads: Sequence[HeadId]) -> Anatomy:
    """Take the heads out of the tensors of a model (which may be on the meta device).

    `heads` must be a set that `split` calls cuttable. The config is left alone: see `describe`.
    """
    for layer in anatomy.layers:
        gone = {head.head for head in heads if head.layer == layer.index}
        if gone:
            _shrink(layer, [head for head in range(layer.heads) if head not in gone], model.config)
    gone_by_layer = {
        layer.index: [
            *(head for head in range(anatomy.shape.heads) if head not in layer.original),
            *(layer.original[head.head] for head in heads if head.layer == layer.index),
        ]
        for layer in anatomy.layers
    }
    return Anatomy.built(model, gone_by_layer)


def _shrink(layer: LayerAnatomy, kept: Sequence[int], config: Any) -> None:
    keys = sorted({head // layer.group for head in kept})
    family, attention = layer.family, layer.attention
    queries = [layer.query(head).rows for head in kept]
    shared = [[role(key).rows for key in keys] for role in (layer.key, layer.value)]
    match family.projection:
        case Separate():
            for module, rows in zip(layer.projections(), [queries, *shared], strict=True):
                _select_outputs(module, _flat(rows))
        case FusedByHead():
            triples = [rows for of_head in zip(queries, *shared, strict=True) for rows in of_head]
            _select_outputs(layer.projections()[0], _flat(triples))
        case _:
            _select_outputs(layer.projections()[0], _flat([*queries, *shared[0], *shared[1]]))
    _select_inputs(layer.output, _flat([layer.columns(head) for head in kept]))
    for names, value in (
        (family.counts, len(kept)),
        (family.widths, len(kept) * layer.head_dim),
        (family.keys, len(keys)),
        (family.groups, len(kept) // len(keys)),
    ):
        for name in names:
            setattr(attention, name, value)
    if family.own_config:
        attention.config = LayerConfig(config, len(kept))  # type: ignore[assignment]


class LayerConfig:
    """The model's config as one layer sees it: live, except for the number of heads."""

    def __init__(self, config: Any, heads: int) -> None:
        self._config = config
        self.num_attention_heads = heads

    def __getattr__(self, name: str) -> Any:
        if name == "_config":  # not there yet while being copied or unpickled
            raise AttributeError(name)
        return getattr(self._config, name)


def zero(anatomy: Anatomy, heads: Iterable[HeadId]) -> None:
    """Set every weight that belongs to these heads alone to zero: key and value only when their whole group goes."""
    gone = set(heads)
    with torch.no_grad():
        for layer in anatomy.layers:
            mine = {head.head for head in gone if head.layer == layer.index}
            for head in mine:
                _zero_outputs(layer.query(head).module, layer.query(head).rows)
                _inputs(layer.output)[:, list(layer.columns(head))] = 0
            for key in range(layer.key_heads):
                if mine.issuperset(range(key * layer.group, (key + 1) * layer.group)):
                    _zero_outputs(layer.key(key).module, layer.key(key).rows)
                    _zero_outputs(layer.value(key).module, layer.value(key).rows)


def describe(config: Any, anatomy: Anatomy) -> None:
    """Write into a config which heads are missing, as an explicit shape where stock transformers can express it.

    That takes the same number of heads in each layer and a family that honours `head_dim`; elsewhere the config asks
    for `sanitizer.loading`.
    """
    shape, first = anatomy.shape, anatomy.layers[0]
    if all(layer.heads == shape.heads for layer in anatomy.layers):
        return
    uniform = all((layer.heads, layer.key_heads) == (first.heads, first.key_heads) for layer in anatomy.layers)
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
            for layer in anatomy.layers
            if layer.heads < shape.heads
        },
    }


def _flat(ranges: Iterable[range]) -> Tensor:
    return torch.tensor([index for rows in ranges for index in rows])


def _outputs(module: nn.Module) -> Tensor:
    """The weight as [out, in], whichever way the module stores it (Conv1D: transposed). A view: writes go through."""
    weight = module.get_parameter("weight")
    return weight.t() if isinstance(module, Conv1D) else weight


_inputs = _outputs


def _zero_outputs(module: nn.Module, rows: range) -> None:
    _outputs(module)[list(rows)] = 0
    bias = module._parameters.get("bias")
    if bias is not None:
        bias[list(rows)] = 0


def _select_outputs(module: nn.Module, rows: Tensor) -> None:
    _select(module, "weight", rows, 1 if isinstance(module, Conv1D) else 0)
    if module._parameters.get("bias") is not None:
        _select(module, "bias", rows, 0)
    setattr(module, "nf" if isinstance(module, Conv1D) else "out_features", len(rows))


def _select_inputs(module: nn.Module, columns: Tensor) -> None:
    _select(module, "weight", columns, 0 if isinstance(module, Conv1D) else 1)
    setattr(module, "nx" if isinstance(module, Conv1D) else "in_features", len(columns))


def _select(module: nn.Module, name: str, indices: Tensor, dim: int) -> None:
    old = module.get_parameter(name)
    kept = old.detach().index_select(dim, indices.to(old.device)).contiguous()
    module.register_parameter(name, nn.Parameter(kept, requires_grad=old.requires_grad))
