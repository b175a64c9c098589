"""The matrices of every head of a live model, whatever the family's projections look like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from sanitizer.model.anatomy import Anatomy, LayerAnatomy, Role
from sanitizer.model.headslice import HeadSlice
from sanitizer.model.offload import numbers


def head_slices(anatomy: Anatomy) -> Iterator[tuple[HeadSlice, ...]]:
    """The slices of every head, layer by layer: copies that were made of one are free once nobody holds its slices."""
    return (tuple(_slices(layer)) for layer in anatomy.layers)


def _slices(layer: LayerAnatomy) -> Iterator[HeadSlice]:
    # Offloaded weights are read from their files: once for all heads of a layer.
    weights = {module: layer.as_outputs(numbers(module, "weight")) for module in (*layer.projections(), layer.output)}
    for head in range(layer.heads):
        yield _slice(layer, head, weights)


def _slice(layer: LayerAnatomy, head: int, weights: Mapping[nn.Module, Tensor]) -> HeadSlice:
    def rows(role: Role) -> Tensor:
        return _read(weights[role.module][role.rows.start : role.rows.stop])

    own = layer.columns(head)
    shared = head // layer.group
    return HeadSlice(
        rows(layer.query(head)),
        rows(layer.key(shared)),
        rows(layer.value(shared)),
        _read(weights[layer.output][:, own.start : own.stop]),
    )


def _read(weight: Tensor) -> Tensor:
    return weight.detach().to(device="cpu", dtype=torch.float32)
