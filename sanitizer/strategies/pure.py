"""Heads whose deciding token attends most evenly on clean text go first.

Source: Zhao, Xu, Yuan, ICML 2024, PURE, step 1: the mean over validation samples of Var_j A[CLS, j].

Departure: padding does not count.

A head that waits for a trigger finds nothing to attend to in clean text and spreads its weight. PURE goes on with
attention normalization, which is a treatment and not part of the score.

Cannot see: a head that attends sharply on clean text and on triggers alike.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sanitizer.errors import UsageError
from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.activity import attention_variance
from sanitizer.model.context import Context

VERSION = "1"


@dataclass(frozen=True)
class Pure:
    """Parameters: over about how many clean texts the variance is averaged."""

    samples: int = 1024

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UsageError("samples must be at least 1")

    def score(self, context: Context) -> HeadScores:
        """Attention variance of the deciding token, higher = keep."""
        batches = context.sample(self.samples)
        grid = attention_variance(context.subject, batches, progress=context.progress, step="score heads")
        return HeadScores(grid, ScoreOrigin("pure", VERSION, asdict(self)))
