"""Heads that say least on clean text go first.

Source: Liu, Dolan-Gavitt, Garg, RAID 2018, arXiv 1805.12185, fine-pruning: units that stay dormant on clean data are
removed first, then the model is fine-tuned.

Departure: a unit is an attention head, its activation the norm of its output before the output projection, averaged
over real tokens.

A control and a baseline: a head that is loud on clean text can serve a trigger as well.

Cannot see: how much the model listens, since a loud head may meet output weights near zero.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sanitizer.errors import UsageError
from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.activity import head_activation
from sanitizer.model.context import Context

VERSION = "1"


@dataclass(frozen=True)
class Activation:
    """Parameters: over about how many clean texts the activation is averaged."""

    samples: int = 1024

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UsageError("samples must be at least 1")

    def score(self, context: Context) -> HeadScores:
        """Mean output norm, higher = keep."""
        batches = context.sample(self.samples)
        grid = head_activation(context.subject, batches, progress=context.progress, step="score heads")
        return HeadScores(grid, ScoreOrigin("activation", VERSION, asdict(self)))
