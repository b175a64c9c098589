"""A learning rate for each head: what an optimiser step changes is scaled, slice by slice.

Scaling gradients would not do: AdamW divides by their size, so a scaled gradient makes the same step. Here the step is
taken, and each slice of a weight then ends at old + share * (new - old). AdamW's step and its weight decay are both
proportional to the rate and its moments do not depend on it, so that this is AdamW with a rate of its own for each
slice. A share of zero leaves its slice as it was, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from transformers.pytorch_utils import Conv1D

from sanitizer.heads import Grid
from sanitizer.model.anatomy import LayerAnatomy
from sanitizer.model.sharded import local, slices
from sanitizer.model.subject import Subject


@dataclass(frozen=True)
class Rates:
    """Shares of the learning rate: per head, [layer][head], and for all weights that are no head's."""

    heads: Grid
    rest: float


def shares(subject: Subject, rates: Rates) -> dict[str, Tensor]:
    """For each weight by name, the shares of its slices, in a shape that broadcasts over it.

    A head's weights are its rows of query, key and value, with their biases, and its columns of the output projection.
    Keys and values that several query heads share take the lowest of their shares.
    """
    found = {name: torch.tensor(rates.rest) for name, _ in subject.model.named_parameters()}
    names = {weight: name for name, weight in subject.model.named_parameters()}
    for layer, row in zip(subject.anatomy.layers, rates.heads, strict=True):
        vectors = {
            module: torch.full((layer.as_outputs(module.get_parameter("weight")).shape[0],), rates.rest)
            for module in layer.projections()
        }
        for head, share in enumerate(row):
            _fill(vectors, layer.query(head).module, layer.query(head).rows, share)
        for key in range(layer.key_heads):
            least = min(row[key * layer.group : (key + 1) * layer.group])
            for role in (layer.key(key), layer.value(key)):
                _fill(vectors, role.module, role.rows, least)
        for module, vector in vectors.items():
            found[names[module.get_parameter("weight")]] = along(module, vector, inputs=False)
            bias = module._parameters.get("bias")
            if bias is not None:
                found[names[bias]] = vector
        found[names[layer.output.get_parameter("weight")]] = along(layer.output, _columns(layer, row), inputs=True)
    return {name: share.to(subject.device) for name, share in found.items()}


def _fill(vectors: Mapping[nn.Module, Tensor], module: nn.Module, rows: range, share: float) -> None:
    vectors[module][rows.start : rows.stop] = share


def _columns(layer: LayerAnatomy, row: tuple[float, ...]) -> Tensor:
    return torch.tensor(row).repeat_interleave(layer.head_dim)


def along(module: nn.Module, vector: Tensor, *, inputs: bool) -> Tensor:
    """A number for each input or output of a module, in a shape that broadcasts over its weight.

    Conv1D stores [in, out], others [out, in].
    """
    return vector[:, None] if inputs == isinstance(module, Conv1D) else vector[None, :]


@contextmanager
def frozen(weights: Mapping[str, nn.Parameter], shares: Mapping[str, Tensor]) -> Iterator[None]:
    """Within this context weights of which nothing learns get no gradient, which spares time and memory."""
    still = [weights[name] for name, share in shares.items() if not share.any()]
    for weight in still:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in still:
            weight.requires_grad_(True)


def pace(optimizer: Optimizer, weights: Mapping[str, nn.Parameter], shares: Mapping[str, Tensor]) -> None:
    """From now on each step of the optimizer changes every slice by its share of what it would have been."""
    slowed = {
        name: slices(share, weights[name])
        for name, share in shares.items()
        if bool((share != 1).any()) and bool(share.any())
    }
    old: dict[str, Tensor] = {}

    def before(*_: object) -> None:
        old.update((name, local(weights[name]).clone()) for name in slowed)

    @torch.no_grad()
    def after(*_: object) -> None:
        for name, share in slowed.items():
            weight = local(weights[name])
            moved = old[name] + share * (weight - old[name])
            weight.copy_(torch.where(share == 0, old[name], moved))
        old.clear()

    optimizer.register_step_pre_hook(before)
    optimizer.register_step_post_hook(after)
