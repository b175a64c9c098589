"""Heads whose absence costs no accuracy, averaged over many random masks, go first.

Source: Chapagain, Hamdi, Filali Boubrahimi, CIKM 2025, arXiv 2508.20032, ensemble pruning: several randomly pruned
models vote on which heads can go.

Departures: their released code takes the union of random masks unchecked; here every mask is measured, a head's score
is the mean accuracy of the masks that keep it minus that of the masks that drop it, and the budget checks the final
choice as it does for every strategy. Heads vote within their layer, so that each head is absent equally often.

Cannot see: heads that stand in for each other, unless a mask drops both; more masks help.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch

from sanitizer.errors import UsageError
from sanitizer.heads import HeadId, HeadScores, ScoreOrigin
from sanitizer.model.context import Context
from sanitizer.model.evaluate import evaluate
from sanitizer.progress import track

VERSION = "1"


@dataclass(frozen=True)
class Ensemble:
    """Parameters: random masks, heads a mask drops in each layer, and about how many fit texts measure a mask."""

    masks: int = 24
    per_layer: int = 2
    samples: int = 256

    def __post_init__(self) -> None:
        if self.masks < 1 or self.per_layer < 1 or self.samples < 1:
            raise UsageError("masks, per_layer and samples must be at least 1")

    def score(self, context: Context) -> HeadScores:
        """Accuracy with the head present minus accuracy without it, higher = keep; 0 for a head no mask dropped."""
        counts = context.subject.anatomy.counts()
        batches = context.sample(self.samples)
        kept = [[0.0, 0] for _ in range(sum(counts))]
        gone = [[0.0, 0] for _ in range(sum(counts))]
        heads = context.subject.anatomy.heads()
        for absent in track(context.progress, "score heads", self._masks(counts, context.generator)):
            accuracy = evaluate(context.subject, batches, without=absent).accuracy
            for position, head in enumerate(heads):
                tally = (gone if head in absent else kept)[position]
                tally[0] += accuracy
                tally[1] += 1
        worth = {
            head: present[0] / present[1] - absent[0] / absent[1] if present[1] and absent[1] else 0.0
            for head, present, absent in zip(heads, kept, gone, strict=True)
        }
        grid = tuple(tuple(worth[HeadId(layer, head)] for head in range(count)) for layer, count in enumerate(counts))
        return HeadScores(grid, ScoreOrigin("ensemble", VERSION, asdict(self)))

    def _masks(self, counts: tuple[int, ...], generator: torch.Generator) -> list[tuple[HeadId, ...]]:
        """Each layer deals its heads from a shuffled pack; in a new one, heads of this mask lie at the bottom."""
        packs: list[list[int]] = [[] for _ in counts]
        masks = []
        for _ in range(self.masks):
            absent: list[HeadId] = []
            for layer, count in enumerate(counts):
                dealt: list[int] = []
                for _ in range(min(self.per_layer, count - 1)):
                    if not packs[layer]:
                        pack = torch.randperm(count, generator=generator).tolist()
                        packs[layer] = [head for head in pack if head in dealt]
                        packs[layer] += [head for head in pack if head not in dealt]
                    dealt.append(packs[layer].pop())
                absent += [HeadId(layer, head) for head in dealt]
            masks.append(tuple(absent))
        return masks
