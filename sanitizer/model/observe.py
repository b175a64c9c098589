"""The read-and-gate seam: one attention function that every supported family calls, for reading and for gating.

It is registered with transformers under the name `IMPLEMENTATION`. Per layer it can hand the attention weights to a
watcher and multiply each head's output by a gate. Without a watcher it computes what `sdpa` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

from sanitizer.heads import HeadId
from sanitizer.model.anatomy import Anatomy

IMPLEMENTATION = "sanitizer"

Watcher = Callable[[int, Tensor], None]
"""Called once per layer and forward pass with the layer's index and its attention weights [batch, head, query, key],
after softmax and before dropout and gate, on the device where the model takes its inputs, wherever the layer is. The
tensor is freed when the watcher returns: keep statistics, not it."""

Gates = Sequence[Tensor]
"""One tensor per layer, [head] or [batch, head]; 1 leaves a head as it is, 0 silences it."""


@dataclass
class _Seam:
    layer: int
    home: torch.device | None = None
    gate: Tensor | None = None
    watcher: Watcher | None = None


# The attention function is one for the whole process; this says for each module of each open model what to do there.
_seams: WeakKeyDictionary[nn.Module, _Seam] = WeakKeyDictionary()


def attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    softcap: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, Tensor | None]:
    """Scaled dot-product attention over [batch, head, token, head_dim]; returns [batch, token, head, head_dim].

    `attention_mask` is additive, [batch, 1, query, key], with causality and sliding windows already in it.
    """
    seam = _seams.get(module)
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    if attention_mask is not None:
        attention_mask = _lowest(attention_mask[..., : key.shape[-2]])
    weights = None
    if softcap is not None or (seam is not None and seam.watcher is not None):
        scores = query @ key.transpose(2, 3) * (query.shape[-1] ** -0.5 if scaling is None else scaling)
        if softcap is not None:
            scores = torch.tanh(scores / softcap) * softcap
        if attention_mask is not None:
            scores = scores + attention_mask
        weights = scores.softmax(dim=-1, dtype=torch.float32).to(query.dtype)
        if seam is not None and seam.watcher is not None:
            seam.watcher(seam.layer, weights if seam.home is None else weights.to(seam.home))
        output = nn.functional.dropout(weights, p=dropout, training=module.training) @ value
    else:
        output = nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=attention_mask, dropout_p=dropout, scale=scaling
        )
    if seam is not None and seam.gate is not None:
        output = output * seam.gate.to(output)[..., :, None, None]
    return output.transpose(1, 2).contiguous(), weights


def _lowest(mask: Tensor) -> Tensor:
    """A mask whose lowest numbers are finite in the precision of autocast too: the lowest float32 is -inf there."""
    kind = mask.device.type
    if not torch.is_autocast_enabled(kind):
        return mask
    return mask.clamp(min=torch.finfo(torch.get_autocast_dtype(kind)).min)


AttentionInterface.register(IMPLEMENTATION, attention)
AttentionMaskInterface.register(IMPLEMENTATION, eager_mask)


def connect(anatomy: Anatomy, *, home: torch.device | None = None) -> None:
    """Make the seam know the attention modules of a model (again, after heads were cut out).

    `home` is where watchers want what they see; None leaves it on the layer's own device.
    """
    for layer in anatomy.layers:
        _seams[layer.attention] = _Seam(layer.index, home)


@contextmanager
def gated(anatomy: Anatomy, gates: Gates) -> Iterator[None]:
    """Within this context every head's output is multiplied by its gate; gradients with respect to gates flow."""
    seams = [_seams[layer.attention] for layer in anatomy.layers]
    for seam, gate in zip(seams, gates, strict=True):
        seam.gate = gate
    try:
        yield
    finally:
        for seam in seams:
            seam.gate = None


@contextmanager
def watched(anatomy: Anatomy, watcher: Watcher) -> Iterator[None]:
    """Within this context the watcher sees the attention weights of every layer, one layer at a time."""
    seams = [_seams[layer.attention] for layer in anatomy.layers]
    for seam in seams:
        seam.watcher = watcher
    try:
        yield
    finally:
        for seam in seams:
            seam.watcher = None


def open_gates(anatomy: Anatomy, *, device: torch.device, batch: int | None = None) -> list[Tensor]:
    """Gates of one everywhere: [head] per layer, or [batch, head] for gradients per sample."""
    return [
        torch.ones(layer.heads if batch is None else (batch, layer.heads), device=device) for layer in anatomy.layers
    ]


def closed_gates(anatomy: Anatomy, heads: Sequence[HeadId], *, device: torch.device) -> list[Tensor]:
    """Gates of zero for the given heads and of one elsewhere."""
    gates = open_gates(anatomy, device=device)
    for head in heads:
        gates[head.layer][head.head] = 0.0
    return gates
