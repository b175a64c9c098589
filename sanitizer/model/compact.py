"""Forward passes that leave out heads: what a mask closes is not multiplied by zero but not computed.

Query, key and value of closed heads stay zero (a key and its value only where all heads that share them are closed),
and the output projection takes the columns of the others. The weights stay where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from sanitizer.heads import HeadId
from sanitizer.model.anatomy import Anatomy, LayerAnatomy
from sanitizer.model.observe import closed_gates, gated
from sanitizer.model.offload import heads_offloaded
from sanitizer.model.replaced import replaced


@contextmanager
def without(anatomy: Anatomy, heads: Sequence[HeadId]) -> Iterator[None]:
    """Within this context these heads contribute nothing; for forward passes without gradients.

    The same as closed gates (`sanitizer.model.observe.gated`), up to rounding, in less time. Where weights are
    offloaded it is closed gates: reading them here as well would take longer than what is saved.
    """
    with ExitStack() as stack:
        if heads and heads_offloaded(anatomy):
            stack.enter_context(gated(anatomy, closed_gates(anatomy, heads, device=torch.device("cpu"))))
            yield
            return
        for layer in anatomy.layers:
            closed = {head.head for head in heads if head.layer == layer.index}
            if closed:
                for module, forward in _forwards(layer, closed):
                    stack.enter_context(replaced(module, forward))
        yield


def _forwards(layer: LayerAnatomy, closed: set[int]) -> Iterator[tuple[nn.Module, Callable[[Tensor], Tensor]]]:
    heads = [head for head in range(layer.heads) if head not in closed]
    keys = sorted({head // layer.group for head in heads})
    roles = [*map(layer.query, heads), *map(layer.key, keys), *map(layer.value, keys)]
    for module in layer.projections():
        blocks = sorted(role.rows.start // layer.head_dim for role in roles if role.module is module)
        yield module, _rows(layer, module, blocks)
    yield layer.output, _columns(layer, heads)


def _rows(layer: LayerAnatomy, module: nn.Module, blocks: Sequence[int]) -> Callable[[Tensor], Tensor]:
    """Of a projection, these blocks of `head_dim` output features; the others are zero."""
    weight, bias = _parameters(layer, module)
    dim, many, inner = layer.head_dim, len(weight) // layer.head_dim, weight.shape[1]
    kept = torch.tensor(blocks, dtype=torch.long, device=weight.device)
    some = weight.reshape(many, dim, inner)[kept].reshape(-1, inner)
    added = None if bias is None else bias.reshape(many, dim)[kept].reshape(-1)

    def forward(inputs: Tensor) -> Tensor:
        found = linear(inputs, some, added)
        outputs = found.new_zeros(*inputs.shape[:-1], many, dim)
        outputs[..., kept, :] = found.reshape(*inputs.shape[:-1], len(kept), dim)
        return outputs.reshape(*inputs.shape[:-1], many * dim)

    return forward


def _columns(layer: LayerAnatomy, heads: Sequence[int]) -> Callable[[Tensor], Tensor]:
    """The output projection of these heads alone."""
    weight, bias = _parameters(layer, layer.output)
    shape = (layer.heads, layer.head_dim)
    kept = torch.tensor(heads, dtype=torch.long, device=weight.device)
    some = weight.reshape(len(weight), *shape)[:, kept].reshape(len(weight), -1)

    def forward(inputs: Tensor) -> Tensor:
        chosen = inputs.reshape(*inputs.shape[:-1], *shape)[..., kept, :]
        return linear(chosen.reshape(*inputs.shape[:-1], -1), some, bias)

    return forward


def _parameters(layer: LayerAnatomy, module: nn.Module) -> tuple[Tensor, Tensor | None]:
    """Weight as [output, input], and bias."""
    weight = layer.as_outputs(module.get_parameter("weight").detach())
    return weight, None if module.bias is None else module.get_parameter("bias").detach()
