"""Heads that a learned policy would rather drop, because accuracy does not need them, go first.

Source: Chapagain, Hamdi, Filali Boubrahimi, CIKM 2025, arXiv 2508.20032, reinforcement-learning pruning; the estimator
is Williams 1992 (REINFORCE) with a running baseline and an entropy bonus.

Departure: their released code is epsilon-greedy over the variance score, without a reward and without learning. Here a
Bernoulli policy keeps each head with probability sigma(theta), a mask's reward is its accuracy minus `cost` times the
share of heads it keeps, and the score is sigma(theta). `policy=epsilon-greedy` is theirs, for comparison: attention
variance, with each head's score replaced by a random one with probability `epsilon`.

Cannot see: heads that accuracy on a few hundred texts does not resolve; more steps and samples help.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

from sanitizer.errors import UsageError
from sanitizer.heads import Grid, HeadScores, ScoreOrigin
from sanitizer.model.activity import attention_variance
from sanitizer.model.context import Context
from sanitizer.model.evaluate import evaluate
from sanitizer.progress import track

VERSION = "1"


@dataclass(frozen=True)
class Reinforce:
    """Parameters: the policy, learning steps and rate, cost of a kept head, entropy bonus, texts a step, epsilon."""

    policy: Literal["learned", "epsilon-greedy"] = "learned"
    steps: int = 60
    learning_rate: float = 0.3
    cost: float = 0.1
    entropy: float = 0.001
    samples: int = 128
    epsilon: float = 0.1

    def __post_init__(self) -> None:
        if self.steps < 1 or self.samples < 1 or self.learning_rate <= 0 or not 0 <= self.epsilon <= 1:
            raise UsageError("steps and samples must be at least 1, learning_rate positive, epsilon from 0 to 1")

    def score(self, context: Context) -> HeadScores:
        """The policy's probability of keeping each head, or the perturbed variance; higher = keep."""
        grid = self._learned(context) if self.policy == "learned" else self._greedy(context)
        return HeadScores(grid, ScoreOrigin("reinforce", VERSION, asdict(self)))

    def _learned(self, context: Context) -> Grid:
        heads, generator = context.subject.anatomy.heads(), context.generator
        theta = torch.full((len(heads),), 1.0, requires_grad=True)
        optimizer = torch.optim.Adam([theta], lr=self.learning_rate)
        baseline: float | None = None
        for _ in track(context.progress, "learn a policy", range(self.steps)):
            keep = torch.sigmoid(theta)
            mask = torch.bernoulli(keep.detach(), generator=generator)
            absent = [head for head, kept in zip(heads, mask.tolist(), strict=True) if not kept]
            accuracy = evaluate(context.subject, context.sample(self.samples), without=absent).accuracy
            reward = accuracy - self.cost * float(mask.mean())
            baseline = reward if baseline is None else baseline
            unlikely = binary_cross_entropy(keep, mask, reduction="sum")  # -log p(mask)
            entropy = binary_cross_entropy(keep, keep, reduction="sum")
            loss = (reward - baseline) * unlikely - self.entropy * entropy
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            baseline = 0.9 * baseline + 0.1 * reward
        return _rows(torch.sigmoid(theta.detach()), context.subject.anatomy.counts())

    def _greedy(self, context: Context) -> Grid:
        batches = context.sample(self.samples)
        grid = attention_variance(context.subject, batches, progress=context.progress, step="score heads")
        flat = torch.tensor([value for row in grid for value in row], dtype=torch.float64)
        random = torch.rand(len(flat), generator=context.generator, dtype=torch.float64) * flat.max()
        explored = torch.rand(len(flat), generator=context.generator) < self.epsilon
        return _rows(torch.where(explored, random, flat), context.subject.anatomy.counts())


def _rows(flat: Tensor, counts: tuple[int, ...]) -> Grid:
    return tuple(tuple(row.tolist()) for row in torch.split(flat, list(counts)))
