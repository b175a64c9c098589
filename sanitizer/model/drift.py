"""The suspect against its base, head by head: how far each head moved, and its weights of the base again.

A head's weights are its rows of query, key and value, with their biases, and its columns of the output projection.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sanitizer.heads import Grid
from sanitizer.model.base import Base
from sanitizer.model.rates import Rates, shares
from sanitizer.model.sparse import head_weights
from sanitizer.model.subject import Subject


def distances(subject: Subject, base: Base) -> Grid:
    """||W_h - B_h|| / ||B_h|| over the matrices of each head, [layer][head]; shared keys and values count for each.

    0 where nothing moved: the base's numbers are rounded as the subject's are. Raises UsageError where heads were cut
    out since the base was matched.
    """
    names = {weight: name for name, weight in subject.model.named_parameters()}
    grid = []
    for layer in subject.anatomy.layers:
        modules = (*layer.projections(), layer.output)
        theirs: dict[nn.Module, Tensor] = {}
        for module in modules:
            weight = module.get_parameter("weight")
            ((name, tensor),) = base.read([names[weight]])
            base.fits(name, weight, tensor)
            theirs[module] = tensor.to(weight.dtype)
        row = []
        for head in range(layer.heads):
            other = torch.cat([part.double().reshape(-1) for part in head_weights(layer, head, of=theirs.__getitem__)])
            mine = torch.cat([part.detach().double().reshape(-1).cpu() for part in head_weights(layer, head)])
            row.append(float((mine - other).norm() / other.norm().clamp(min=1e-30)))
        grid.append(tuple(row))
    return tuple(grid)


@torch.no_grad()
def put_heads(subject: Subject, base: Base, heads: Grid) -> int:
    """Give the heads that are 1 in [layer][head] their weights of the base; how many numbers that were.

    Keys and values that several query heads share follow where all of them do. Removed heads stay removed.
    """
    parameters, numbers = dict(subject.model.named_parameters()), 0
    masks = {name: mask.bool() for name, mask in shares(subject, Rates(heads, 0.0)).items() if mask.any()}
    for name, tensor in base.read(masks):
        weight, mask = parameters[name], masks[name].expand_as(parameters[name])
        base.fits(name, weight, tensor)
        weight[mask] = tensor.to(weight)[mask]
        numbers += int(mask.sum())
    subject.hold()
    return numbers


def beside_heads(subject: Subject, base: Base) -> tuple[str, ...]:
    """The layers' parameters that are no head's: feed-forward, norms, and the bias of the output projection."""
    every = shares(subject, Rates(tuple((1.0,) * layer.heads for layer in subject.anatomy.layers), 0.0))
    return tuple(name for name in base.inner if not every[name].any())
