"""Gradient importance of every head from one backward pass per batch.

Source: Michel et al. 1905.10650 and Jin et al. 2511.13789 (G[l,h] = E |H^T dL/dH|). With a gate g multiplying the
head's output H, dL/dg = H^T dL/dH, so one gate per sample and head gives the same number for every family at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import torch
from torch.nn.functional import dropout

from sanitizer.errors import UnsupportedError
from sanitizer.heads import Grid
from sanitizer.model.batches import Batch
from sanitizer.model.evaluate import losses
from sanitizer.model.observe import gated, open_gates
from sanitizer.model.offload import heads_offloaded
from sanitizer.model.recompute import recomputing
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent, track


def gate_importance(
    subject: Subject,
    batches: Sequence[Batch],
    *,
    gate_dropout: float = 0.0,
    progress: Progress = silent,
    step: str = "importance",
) -> Grid:
    """Mean over texts of |dL/dg| per head, L in nats per answer. Weights get no gradient and do not change.

    In a model that is more than one device holds, layers are computed again on the way back, and not kept.
    With `gate_dropout` each text's gates are dropped at that rate and the others scaled up to make up for it.
    """
    sums = [torch.zeros(layer.heads, dtype=torch.float64) for layer in subject.anatomy.layers]
    texts = 0
    # By name: a parameter that is offloaded is another object after each pass.
    frozen = [name for name, parameter in subject.model.named_parameters() if parameter.requires_grad]
    for name in frozen:
        subject.model.get_parameter(name).requires_grad_(False)
    try:
        for batch in track(progress, step, batches):
            gates = open_gates(subject.anatomy, device=subject.device, batch=len(batch.index))
            for gate in gates:
                gate.requires_grad_(True)
            dropped = [dropout(gate, gate_dropout) for gate in gates] if gate_dropout else gates
            again = recomputing(subject) if subject.spread else nullcontext()
            with gated(subject.anatomy, dropped), again:
                loss, _, asked, _ = losses(subject, batch)
                # Texts do not meet inside a batch, so the gradient of the sum holds each text's own gradient.
                gradients = torch.autograd.grad((loss / asked.clamp(min=1)).sum(), gates)
            for total, gradient in zip(sums, gradients, strict=True):
                total += gradient.abs().sum(dim=0).double().cpu()
            texts += len(batch.index)
    finally:
        for name in frozen:
            subject.model.get_parameter(name).requires_grad_(True)
    return tuple(tuple((total / max(texts, 1)).tolist()) for total in sums)


def key_importance(
    subject: Subject, batches: Sequence[Batch], *, progress: Progress = silent, step: str = "importance"
) -> Grid:
    """Mean over batches of the norm of dL/dW_K, per head. Query heads that share a key head share its number.

    Source: Chapagain et al. 2508.20032. Their released code takes the norm over the whole layer's key gradient, so that
    all heads of a layer tie; here it is the norm over the head's own rows.

    Raises UnsupportedError where weights are offloaded: they get no gradient.
    """
    if heads_offloaded(subject.anatomy):
        raise UnsupportedError("offloaded weights get no gradient", hint="score by gates: --set of=gate")
    layers = subject.anatomy.layers
    keys = [[layer.key(key) for key in range(layer.key_heads)] for layer in layers]
    modules = [roles[0].module for roles in keys]
    wanted = [module.get_parameter("weight") for module in modules]
    sums = [torch.zeros(layer.key_heads, dtype=torch.float64) for layer in layers]
    for batch in track(progress, step, batches):
        loss, _, asked, _ = losses(subject, batch)
        gradients = torch.autograd.grad((loss.sum() / asked.sum()), wanted)
        for total, gradient, roles, layer in zip(sums, gradients, keys, layers, strict=True):
            rows = layer.as_outputs(gradient)
            total += torch.stack([rows[role.rows.start : role.rows.stop].norm() for role in roles]).double().cpu()
    count = max(len(batches), 1)
    return tuple(
        tuple(float(total[head // layer.group]) / count for head in range(layer.heads))
        for total, layer in zip(sums, layers, strict=True)
    )
