"""Cutting heads out of a model, or zeroing them where they cannot be cut.

Why cut: a head that is only masked grows back; with W_O alone at zero, a few optimiser steps restore it. Under
grouped-query attention the value rows are shared, so a single query head can leave the tensors only together with one
of every other group; what cannot leave is zeroed, and zeroed again after each step of tuning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from sanitizer.heads import HeadId
from sanitizer.model.anatomy import Anatomy, LayerAnatomy
from sanitizer.model.geometry import emptied, kept
from sanitizer.model.offload import numbers, put


def cut(model: PreTrainedModel, anatomy: Anatomy, heads: Sequence[HeadId]) -> Anatomy:
    """Take the heads out of the tensors of a model (which may be on the meta device).

    `heads` must be a set that `split` calls cuttable. The config is left alone: see `sanitizer.model.removed.describe`.
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


def _shrink(layer: LayerAnatomy, stay: Sequence[int], config: Any) -> None:
    parts = kept(layer, stay)
    for module, rows in zip(layer.projections(), parts.rows, strict=True):
        _select_outputs(module, _flat(rows))
    _select_inputs(layer.output, _flat(parts.columns))
    family, attention, keys = layer.family, layer.attention, len({head // layer.group for head in stay})
    for names, value in (
        (family.counts, len(stay)),
        (family.widths, len(stay) * layer.head_dim),
        (family.keys, keys),
        (family.groups, len(stay) // keys),
    ):
        for name in names:
            setattr(attention, name, value)
    if family.own_config:
        attention.config = LayerConfig(config, len(stay))  # type: ignore[assignment]


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
            if not mine:
                continue
            parts = emptied(layer, mine)
            for module, rows in zip(layer.projections(), parts.rows, strict=True):
                _fill(module, "weight", _flat(rows), 1 if isinstance(module, Conv1D) else 0)
                if module._parameters.get("bias") is not None:
                    _fill(module, "bias", _flat(rows), 0)
            _fill(layer.output, "weight", _flat(parts.columns), 0 if isinstance(layer.output, Conv1D) else 1)


def _flat(ranges: Iterable[range]) -> Tensor:
    return torch.tensor([index for rows in ranges for index in rows], dtype=torch.long)


def _fill(module: nn.Module, name: str, indices: Tensor, dim: int) -> None:
    """Zeros in place, or, where the weight is offloaded, in a copy that takes its place."""
    weight, away = numbers(module, name), module.get_parameter(name).is_meta
    filled = weight.clone() if away else weight
    filled.index_fill_(dim, indices.to(weight.device), 0)
    if away:
        put(module, name, filled)


def _select_outputs(module: nn.Module, rows: Tensor) -> None:
    _select(module, "weight", rows, 1 if isinstance(module, Conv1D) else 0)
    if module._parameters.get("bias") is not None:
        _select(module, "bias", rows, 0)
    setattr(module, "nf" if isinstance(module, Conv1D) else "out_features", len(rows))


def _select_inputs(module: nn.Module, columns: Tensor) -> None:
    _select(module, "weight", columns, 0 if isinstance(module, Conv1D) else 1)
    setattr(module, "nx" if isinstance(module, Conv1D) else "in_features", len(columns))


def _select(module: nn.Module, name: str, indices: Tensor, dim: int) -> None:
    old = numbers(module, name)
    put(module, name, old.index_select(dim, indices.to(old.device)).contiguous())
