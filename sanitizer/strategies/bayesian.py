"""Heads of low or uncertain worth go first: the score is a lower confidence bound of their importance.

Source: Chapagain, Hamdi, Filali Boubrahimi, CIKM 2025, arXiv 2508.20032, Bayesian pruning; Monte-Carlo dropout is Gal
and Ghahramani, ICML 2016, arXiv 1506.02142.

Departures: dropout is really on (their code switches it off by accident), and what is averaged is the head's gradient
importance, not the variance score.

T passes with dropout give each head's importance a mean and a spread; the score is mean - kappa * spread, and the
spread is reported. A model without dropout (many language models set it to 0) gets it on the gates of its heads
instead, each silenced with probability `gate_dropout`, which the report says.

Cannot see: what gradient importance cannot, a head that clean text needs as well.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch

from sanitizer.errors import UsageError
from sanitizer.heads import Grid, HeadScores, ScoreOrigin
from sanitizer.model.context import Context
from sanitizer.model.dropout import dropout_rate, sampled_importance

VERSION = "1"


@dataclass(frozen=True)
class Bayesian:
    """Parameters: Monte-Carlo passes, kappa, clean texts a pass, and the dropout of gates where a model has none."""

    passes: int = 10
    kappa: float = 1.0
    samples: int = 256
    gate_dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.passes < 2 or self.samples < 1 or not 0 < self.gate_dropout < 1:
            raise UsageError("passes must be at least 2, samples at least 1, gate_dropout between 0 and 1")

    def score(self, context: Context) -> HeadScores:
        """Lower confidence bound of gradient importance, higher = keep."""
        own = dropout_rate(context.subject)
        grids = [
            sampled_importance(
                context.subject,
                context.sample(self.samples),
                gate_dropout=0.0 if own > 0 else self.gate_dropout,
                generator=context.generator,
                progress=context.progress,
                step=f"pass {number} of {self.passes}",
            )
            for number in range(1, self.passes + 1)
        ]
        bound: list[tuple[float, ...]] = []
        spread: list[tuple[float, ...]] = []
        for layer in range(len(grids[0])):
            values = torch.tensor([grid[layer] for grid in grids], dtype=torch.float64)
            deviation = values.std(dim=0)
            bound.append(tuple((values.mean(dim=0) - self.kappa * deviation).tolist()))
            spread.append(tuple(deviation.tolist()))
        said = asdict(self) | {"dropout": "the model's own" if own > 0 else "on the gates"}
        return HeadScores(_grid(bound), ScoreOrigin("bayesian", VERSION, said), spread=_grid(spread))


def _grid(rows: list[tuple[float, ...]]) -> Grid:
    return tuple(rows)
