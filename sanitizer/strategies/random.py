"""Heads in random order: the control that every other strategy has to beat.

Source: none needed; it answers how much of an effect comes from removing heads at all.

Cannot see: anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.context import Context

VERSION = "1"


@dataclass(frozen=True)
class Random:
    """No parameters: the run's seed decides."""

    def score(self, context: Context) -> HeadScores:
        """Uniform in [0, 1)."""
        counts = context.subject.anatomy.counts()
        grid = tuple(tuple(torch.rand(heads, generator=context.generator).tolist()) for heads in counts)
        return HeadScores(grid, ScoreOrigin("random", VERSION, {}))
