"""Two things heads do on clean text, streamed: how unevenly the deciding token attends, and how loudly heads speak."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sanitizer.heads import Grid
from sanitizer.model.batches import Batch
from sanitizer.model.observe import watched
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent, track


@torch.no_grad()
def attention_variance(
    subject: Subject, batches: Sequence[Batch], *, progress: Progress = silent, step: str = "attention variance"
) -> Grid:
    """Mean over texts of the variance, over the keys that are real tokens, of the deciding token's attention row.

    Source: Zhao, Xu, Yuan, ICML 2024 (PURE): Var_j A[CLS, j]. The deciding token is the first one (CLS) in encoders
    and the last real one in causal models, whose first token sees only itself. Departure: they average over padding,
    here padded keys do not count.
    """
    sums = [torch.zeros(layer.heads, dtype=torch.float64) for layer in subject.anatomy.layers]
    texts = 0
    for batch in track(progress, step, batches):
        real = batch.inputs["attention_mask"]

        def see(layer: int, weights: Tensor, real: Tensor = real, batch: Batch = batch) -> None:
            row = deciding_rows(subject, batch, weights)
            keys = real[:, None, :].float()
            count = keys.sum(dim=2)
            mean = (row * keys).sum(dim=2) / count
            variance = ((row - mean[..., None]) ** 2 * keys).sum(dim=2) / count
            sums[layer] += variance.sum(dim=0).double().cpu()

        with watched(subject.anatomy, see):
            subject.model(**batch.inputs)
        texts += len(real)
    return tuple(tuple((total / max(texts, 1)).tolist()) for total in sums)


@torch.no_grad()
def head_activation(
    subject: Subject, batches: Sequence[Batch], *, progress: Progress = silent, step: str = "head activation"
) -> Grid:
    """Mean over real tokens of the Euclidean norm of each head's output before the output projection.

    Source: Liu et al. 2018 (fine-pruning) ranks units by mean activation on clean data; here a unit is a head.
    """
    sums = [torch.zeros(layer.heads, dtype=torch.float64) for layer in subject.anatomy.layers]
    tokens = 0.0
    now: dict[str, Tensor] = {}

    def listen(layer: int, heads: int) -> object:
        def hear(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            said = inputs[0].to(now["real"].device).float()
            norms = said.reshape(*said.shape[:2], heads, -1).norm(dim=-1)  # [batch, token, head]
            sums[layer] += (norms * now["real"]).sum(dim=(0, 1)).double().cpu()

        return hear

    handles = [
        layer.output.register_forward_pre_hook(listen(layer.index, layer.heads))  # type: ignore[arg-type]
        for layer in subject.anatomy.layers
    ]
    try:
        for batch in track(progress, step, batches):
            now["real"] = batch.inputs["attention_mask"][..., None].float()
            subject.model(**batch.inputs)
            tokens += float(now["real"].sum())
    finally:
        for handle in handles:
            handle.remove()
    return tuple(tuple((total / max(tokens, 1.0)).tolist()) for total in sums)


def deciding_rows(subject: Subject, batch: Batch, weights: Tensor) -> Tensor:
    """The attention row of the deciding token, [batch, head, query, key] to [batch, head, key], in float32.

    That token is the first in encoders (CLS), the last real one in causal models.
    """
    real = batch.inputs["attention_mask"]
    rows = torch.arange(len(real), device=real.device)
    causal = bool(subject.anatomy.layers[0].attention.is_causal)
    decides = real.sum(dim=1) - 1 if causal else torch.zeros_like(rows)
    return weights[rows, :, decides].float()
