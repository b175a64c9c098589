"""Heads that say little and attend evenly on clean text go first.

Source: none; an example of a strategy of one's own, made of two measurements that sanitizer has.

A head's score is the mean of two ranks among all heads, from 0 to 1: by the norm of its output, and by the variance of
the deciding token's attention.

Cannot see: a head that clean text needs as well.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sanitizer.errors import UsageError
from sanitizer.heads import Grid, HeadScores, ScoreOrigin
from sanitizer.model.activity import attention_variance, head_activation
from sanitizer.model.context import Context

VERSION = "1"


@dataclass(frozen=True)
class Quiet:
    """Parameters: over about how many clean texts both are averaged."""

    samples: int = 512

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UsageError("samples must be at least 1")

    def score(self, context: Context) -> HeadScores:
        """Mean rank, higher = keep."""
        batches = context.sample(self.samples)
        loud = ranks(head_activation(context.subject, batches, progress=context.progress, step="listen to heads"))
        sharp = ranks(attention_variance(context.subject, batches, progress=context.progress, step="watch heads"))
        grid = tuple(
            tuple((one + other) / 2 for one, other in zip(*rows, strict=True)) for rows in zip(loud, sharp, strict=True)
        )
        return HeadScores(grid, ScoreOrigin("quiet", VERSION, asdict(self)))


def ranks(grid: Grid) -> Grid:
    """The share of heads that have less than each head does, [layer][head]."""
    values = sorted(value for row in grid for value in row)
    return tuple(tuple(values.index(value) / len(values) for value in row) for row in grid)
