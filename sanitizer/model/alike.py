"""How alike two heads attend: the cosine between their attention matrices, input by input.

Source: Jin et al., AAAI 2026, arXiv 2511.13789, §3: flatten each head's attention matrix, take the cosine. Departure:
padding never counts (rows of padded queries are zeroed, padded keys have no weight already). They compare the rows of
generated tokens of a decoder; on given texts nothing is generated, so every row counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize

from sanitizer.heads import Grid
from sanitizer.model.batches import Batch
from sanitizer.model.observe import watched
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent, track


def units(weights: Tensor, real: Tensor) -> Tensor:
    """Flattened attention of length one: [batch, head, query, key] and real tokens [batch, token] to [batch, head, ·].

    The product of two rows is the cosine between two heads.
    """
    return normalize((weights.float() * real[:, None, :, None]).flatten(2), dim=2)


def nearest(gram: Tensor) -> Tensor:
    """The highest cosine of each head with another one, [batch, head, head] to [batch, head]; 0 where there is none."""
    if gram.shape[1] == 1:
        return torch.zeros_like(gram[:, 0])
    itself = torch.eye(gram.shape[1], dtype=torch.bool, device=gram.device)
    return gram.masked_fill(itself, -1.0).amax(dim=2)


@torch.no_grad()
def nearest_cosine(
    subject: Subject, batches: Sequence[Batch], *, progress: Progress = silent, step: str = "similarity"
) -> Grid:
    """Mean over texts of each head's highest cosine with another of its layer. Memory holds one layer at a time."""
    sums = [torch.zeros(layer.heads, dtype=torch.float64) for layer in subject.anatomy.layers]
    texts = 0
    for batch in track(progress, step, batches):
        real = batch.inputs["attention_mask"].float()

        def see(layer: int, weights: Tensor, real: Tensor = real) -> None:
            unit = units(weights, real)
            sums[layer] += nearest(unit @ unit.transpose(1, 2)).sum(dim=0).double().cpu()

        with watched(subject.anatomy, see):
            subject.model(**batch.inputs)
        texts += len(batch.index)
    return tuple(tuple((total / max(texts, 1)).tolist()) for total in sums)
