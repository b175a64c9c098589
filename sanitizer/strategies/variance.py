"""Heads whose deciding token attends most evenly go first, more of them in deeper layers.

Source: Chapagain, Hamdi, Filali Boubrahimi, CIKM 2025, arXiv 2508.20032, layer-wise variance pruning: within each
layer heads of low variance go first, and the share of a layer that may go rises linearly from 0.2 in the first layer
to 0.8 in the last.

Departures: padding does not count, and an accuracy budget decides how far the ranking is followed (theirs removes the
whole share unchecked).

A head's score is its rank within its layer, from 0, over the number of heads its layer may lose: below 1 lie exactly
the shares of the paper, and layers are drawn on in proportion to them.

Cannot see: a head that attends sharply on clean text and on triggers alike.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sanitizer.errors import UsageError
from sanitizer.heads import Grid, HeadScores, ScoreOrigin
from sanitizer.model.activity import attention_variance
from sanitizer.model.context import Context

VERSION = "1"


@dataclass(frozen=True)
class Variance:
    """Parameters: the share that may go of the first and of the last layer, and about how many clean texts to use."""

    first: float = 0.2
    last: float = 0.8
    samples: int = 1024

    def __post_init__(self) -> None:
        if self.samples < 1 or not (0 < self.first <= 1 and 0 < self.last <= 1):
            raise UsageError("samples must be at least 1, first and last shares above 0 and at most 1")

    def score(self, context: Context) -> HeadScores:
        """Rank within the layer over the layer's share, higher = keep."""
        batches = context.sample(self.samples)
        grid = attention_variance(context.subject, batches, progress=context.progress, step="score heads")
        return HeadScores(layerwise(grid, self.first, self.last), ScoreOrigin("variance", VERSION, asdict(self)))


def layerwise(grid: Grid, first: float, last: float) -> Grid:
    """Ranks within each layer over the number of heads the layer may lose, which grows linearly with depth."""
    deepest = max(len(grid) - 1, 1)
    scored = []
    for layer, row in enumerate(grid):
        share = first + (last - first) * layer / deepest
        order = sorted(range(len(row)), key=lambda head: (row[head], head))
        ranks = {head: rank for rank, head in enumerate(order)}
        scored.append(tuple(ranks[head] / (share * len(row)) for head in range(len(row))))
    return tuple(scored)
