"""Cosine similarity between the attention matrices of heads, streamed.

Source: Jin et al., AAAI 2026, arXiv 2511.13789, §3: flatten each head's attention matrix and take the cosine between
heads; report the share of pairs above 0.99 and the 99th percentile. Within a layer and across the model, because the
paper's text says the model and its formula the layer. Departure: statistics are means over inputs of per-input values.
Which attention is compared in classifiers and causal models: `sanitizer.model.alike`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sanitizer.heads import Grid
from sanitizer.model.alike import blocks, cosines, nearest, others
from sanitizer.model.batches import Batch
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent, track
from sanitizer.report import SimilarityRecord

CLOSE = 0.99


@dataclass(frozen=True)
class Similarity:
    """Statistics over pairs within layers and over pairs of the whole model, where there is a pair; for each head,
    [layer][head], the mean cosine with the other heads of its layer and the highest, which are means over inputs too;
    and of each pair of heads of a layer their own mean, [layer][head][later head], in four digits."""

    records: tuple[SimilarityRecord, ...]
    mean: Grid
    nearest: Grid
    cosines: tuple[Grid, ...]


@dataclass
class _Sums:
    """Sums over inputs of per-input statistics of head pairs."""

    inputs: int = 0
    mean: float = 0.0
    above: float = 0.0
    percentile: float = 0.0

    def add(self, cosines: Tensor) -> None:
        """Take the cosines of all pairs, [batch, pair]; of a model without a pair, nothing."""
        if not cosines.shape[1]:
            return
        self.inputs += len(cosines)
        self.mean += float(cosines.mean(dim=1).sum())
        self.above += float((cosines > CLOSE).double().mean(dim=1).sum())
        self.percentile += float(torch.quantile(cosines, 0.99, dim=1).sum())

    def record(self, scope: str) -> SimilarityRecord:
        """Means over inputs."""
        count = max(self.inputs, 1)
        return SimilarityRecord(
            scope="layer" if scope == "layer" else "model",
            inputs=self.inputs,
            mean=self.mean / count,
            share_above=self.above / count,
            percentile_99=self.percentile / count,
        )


def similarity(subject: Subject, batches: Sequence[Batch], *, progress: Progress = silent) -> Similarity:
    """How alike the heads of a model attend. Memory holds one batch at a time; between batches, sums alone."""
    layer_sums, model_sums = _Sums(), _Sums()
    counts = subject.anatomy.counts()
    means, highest = ([torch.zeros(count, dtype=torch.float64) for count in counts] for _ in range(2))
    pairs = [torch.zeros(count, count, dtype=torch.float64) for count in counts]
    inputs = 0
    for batch in track(progress, "similarity", batches):
        whole = cosines(subject, batch)
        inputs += len(whole)
        model_sums.add(_pairs(whole))
        within = []
        for layer, gram in enumerate(blocks(whole, counts)):
            within.append(_pairs(gram))
            means[layer] += others(gram).sum(dim=0).double().cpu()
            pairs[layer] += gram.sum(dim=0).double().cpu()
            highest[layer] += nearest(gram).sum(dim=0).double().cpu()
        layer_sums.add(torch.cat(within, dim=1))
    count = max(inputs, 1)
    grids = [tuple(tuple((total / count).tolist()) for total in totals) for totals in (means, highest)]
    later = tuple(_later(total / count) for total in pairs)
    sums = {"layer": layer_sums, "model": model_sums}
    records = tuple(found.record(scope) for scope, found in sums.items() if found.inputs)
    return Similarity(records, grids[0], grids[1], later)


def _later(gram: Tensor) -> Grid:
    """Each head's row from the diagonal on: [head, head] to [head][later head]."""
    return tuple(tuple(round(value, 4) for value in row[head + 1 :]) for head, row in enumerate(gram.tolist()))


def _pairs(gram: Tensor) -> Tensor:
    """The upper triangle without the diagonal: [batch, head, head] to [batch, pair]."""
    rows, columns = torch.triu_indices(gram.shape[1], gram.shape[2], offset=1)
    return gram[:, rows, columns]
