"""Weights in shards: while it is tuned by several processes, each holds a part of every weight (FSDP2).

Layers are put together when they compute and taken apart again. Tuning one weight takes 16 bytes (itself, its gradient
and AdamW's two moments); each process has its share of them, and the weights of the layer at work. Before and after,
each holds all weights.

Source: Zhao et al. 2023, arXiv 2304.11277; torch.distributed.fsdp.fully_shard.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from sanitizer.model.observe import connect
from sanitizer.model.subject import Subject
from sanitizer.model.team import team


@contextmanager
def sharded(subject: Subject) -> Iterator[None]:
    """Within this context the subject's weights are those of the first process, in shards; afterwards whole again.

    The model of the subject is another object meanwhile. With one process nothing changes.
    """
    now = team()
    if now.size == 1:
        yield
        return
    plain, anatomy = subject.model, subject.anatomy
    weights = dict(plain.named_parameters())
    for weight in weights.values():
        dist.broadcast(weight.data, 0)
    # The library cannot take shards back, so a copy is sharded that has the very same tensors, and then lets them go.
    shared = {id(tensor): tensor for tensor in (*weights.values(), *plain.buffers())}
    subject.model = copy.deepcopy(plain, shared)
    subject.anatomy = anatomy.of_copy(subject.model)
    connect(subject.anatomy)
    mesh = init_device_mesh(subject.device.type, (now.size,))
    for layer in subject.anatomy.layers:
        fully_shard(layer.block, mesh=mesh)
    fully_shard(subject.model, mesh=mesh)
    try:
        for weight in weights.values():
            weight.data = weight.data.new_empty(0)
        yield
        for name, shards in subject.model.named_parameters():
            weights[name].data = whole(shards.detach())
    finally:
        subject.model, subject.anatomy = plain, anatomy


@contextmanager
def anchored(model: nn.Module) -> Iterator[Callable[[Tensor], Tensor]]:
    """Within this context, what ties a loss to the answers of each forward pass, without a gradient of its own.

    Shards are put together for a backward pass where it enters a layer from above. A loss that looks at what goes on
    inside of a layer alone would enter it from within, and find nothing there.
    """
    answers: list[Tensor] = []

    def keep(_: nn.Module, __: object, output: Any) -> None:
        if output.logits.requires_grad:
            answers.append(output.logits)

    def tied(loss: Tensor) -> Tensor:
        return _Tied.apply(loss, *answers) if answers else loss  # type: ignore[no-untyped-call]

    handle = model.register_forward_hook(keep) if isinstance(model, FSDPModule) else None
    try:
        yield tied
    finally:
        if handle is not None:
            handle.remove()


def local(tensor: Tensor) -> Tensor:
    """What of a tensor lies here, without gradient: writes go through."""
    tensor = tensor.detach()
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor. Every process must ask."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def collected(tensor: Tensor) -> Tensor:
    """All of a tensor, for the first process to keep in its main memory; the others get nothing. Every one must ask."""
    if not isinstance(tensor, DTensor):
        return tensor
    full = tensor.full_tensor()
    return full.cpu() if team().rank == 0 else full.new_empty(0)


def alike(full: Tensor, like: Tensor) -> Tensor:
    """The tensor in shards, as a weight of its shape is; as it is where that weight is whole."""
    if not isinstance(like, DTensor) or full.shape != like.shape:
        return full
    return distribute_tensor(full.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def of_shards(here: Tensor, like: Tensor) -> Tensor:
    """The tensor of which each process has what is here, as it has of a weight; what is here where that is whole."""
    if not isinstance(like, DTensor):
        return here
    where = like.device_mesh, like.placements
    return DTensor.from_local(here.to(like.device), *where, run_check=False, shape=like.shape, stride=like.stride())


def slices(vector: Tensor, like: Tensor) -> Tensor:
    """Of numbers that broadcast over a weight, those that belong to what of it lies here."""
    if not isinstance(like, DTensor) or vector.dim() < like.dim() or vector.shape[0] != like.shape[0]:
        return vector  # the same for every row
    return local(distribute_tensor(vector, like.device_mesh, like.placements, src_data_rank=None))


class _Tied(torch.autograd.Function):
    """A loss as it is; a backward pass visits what it is tied to, with no gradient, which no weight takes for zero."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, *answers: Tensor) -> Tensor:
        ctx.answers = len(answers)
        return loss.view_as(loss)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return (gradients[0], *[None] * ctx.answers)
