"""Heads whose gate (or key weights) the clean loss hardly depends on go first.

Source: Chapagain, Hamdi, Filali Boubrahimi, CIKM 2025, arXiv 2508.20032, gradient-based pruning; the gate form is that
of Michel et al. 2019, arXiv 1905.10650.

A head that serves the trigger is idle on clean text, so the clean loss has little gradient with respect to it.
Departures: the default takes the gradient with respect to a gate on the head's output, per text and in absolute value,
which covers query, key, value and output weights at once and needs no weight gradients; `of=key` takes the norm of the
key weights' gradient per head (the released code takes it per layer, so that all heads of a layer tie).

Cannot see: a head that clean text needs as well, and a backdoor that is not in the attention heads at all.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from sanitizer.errors import UsageError
from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.context import Context
from sanitizer.model.importance import gate_importance, key_importance

VERSION = "1"


@dataclass(frozen=True)
class Gradient:
    """Parameters: what the gradient is taken of (`gate` or `key`), and over about how many clean texts."""

    of: Literal["gate", "key"] = "gate"
    samples: int = 1024

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UsageError("samples must be at least 1")

    def score(self, context: Context) -> HeadScores:
        """Gradient importance, higher = keep."""
        importance = {"gate": gate_importance, "key": key_importance}[self.of]
        grid = importance(context.subject, context.sample(self.samples), progress=context.progress, step="score heads")
        return HeadScores(grid, ScoreOrigin("gradient", VERSION, asdict(self)))
