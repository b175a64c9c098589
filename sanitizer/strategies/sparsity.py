"""Heads that a short, sparsity-seeking fine-tune lets go of go first.

Source: Chapagain, Hamdi, Filali Boubrahimi, CIKM 2025, arXiv 2508.20032, structured-sparsity pruning: the gradient
score after tuning with l1 * sum |W_h| + l2 * sum ||W_h|| added to the loss.

Departure: the penalty is taken over each head's own slices (group lasso), so that whole heads shrink; their released
code penalises every attention matrix entry by entry, LayerNorm included.

The tuning is on a copy of the weights that is put back afterwards: only the scores leave this file.

Cannot see: what gradient importance cannot, a head that clean text needs as well.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sanitizer.errors import UsageError
from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.context import Context
from sanitizer.model.importance import gate_importance
from sanitizer.model.sparse import sparsely_tuned

VERSION = "1"


@dataclass(frozen=True)
class Sparsity:
    """Parameters: the two penalties, tuning steps and rate, and about how many clean texts score the heads."""

    l1: float = 1e-4
    l2: float = 1e-4
    steps: int = 100
    learning_rate: float = 2e-5
    samples: int = 1024

    def __post_init__(self) -> None:
        if self.steps < 1 or self.samples < 1 or self.learning_rate <= 0 or self.l1 < 0 or self.l2 < 0:
            raise UsageError("steps and samples must be at least 1, learning_rate positive, penalties not negative")

    def score(self, context: Context) -> HeadScores:
        """Gradient importance in the sparsely tuned copy, higher = keep."""
        with sparsely_tuned(context, l1=self.l1, l2=self.l2, steps=self.steps, learning_rate=self.learning_rate):
            grid = gate_importance(
                context.subject, context.sample(self.samples), progress=context.progress, step="score heads"
            )
        return HeadScores(grid, ScoreOrigin("sparsity", VERSION, asdict(self)))
