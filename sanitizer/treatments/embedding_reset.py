"""Resets input embeddings that moved too far from the base for how often their word occurs.

Source: embedding purification (E-PUR) of Fine-mixing, Zhang et al., Findings of EMNLP 2022, arXiv 2210.09545: with d_i
what fine-tuning added to the embedding of word i and f_i how often it occurs, the words of the largest
||d_i|| / log(max(f_i, 20)) are given their embeddings of the base again: those of rare words hardly move by training on
clean text, and those of a trigger do. It is the cure for triggers that are stored in embeddings, and for no others.

Departures: f_i is counted in the clean texts at hand instead of a large corpus, so that most words have the least
frequency; and what did not move further than half-precision rounding is left alone, however few words have moved.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from sanitizer.errors import UsageError
from sanitizer.model.base import Base
from sanitizer.model.batches import Encoded
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.plan import TreatmentPlan
from sanitizer.report import TreatmentRecord

ROUNDING = 2.0**-8
"""Of the length of an embedding: bfloat16 rounds by half of it at most."""
SHOWN = 10


@dataclass(frozen=True)
class EmbeddingReset:
    """Parameters: how many embeddings are reset at most, and the frequency that rarer words count as (20 there)."""

    words: int = 200
    least: int = 20

    def __post_init__(self) -> None:
        if self.words < 1 or self.least < 2:
            raise UsageError("words must be positive and least at least 2")

    def apply(self, subject: Subject, plan: TreatmentPlan, material: Material) -> TreatmentRecord:
        """Reset rows of the input embeddings; nothing is tuned. Raises UsageError where the base's are of another size.

        Where output embeddings are tied to them, they change with them.
        """
        started = time.monotonic()
        table = subject.model.get_input_embeddings().weight
        theirs = _counterpart(material.known_base, subject, table)
        moved = (table.detach().float().cpu() - theirs).norm(dim=1)
        real = moved > ROUNDING * theirs.norm(dim=1)
        score = suspicion(moved, frequencies(material.fit, len(moved)), least=self.least).where(real, 0.0)
        chosen = score.topk(min(self.words, int(real.sum()))).indices
        with torch.no_grad():
            table[chosen.to(table.device)] = theirs[chosen].to(table)
        if len(chosen):
            material.states.remarks.append(_said(subject, chosen.tolist()))
        observed = {
            "moved": float(real.sum()),
            "reset": float(len(chosen)),
            "parameters_from_base": float(chosen.numel() * theirs.shape[1]),
            "largest_score": float(score.max()),
            "largest_score_left": float(score.index_fill(0, chosen, 0.0).max()),
        }
        return TreatmentRecord("embedding_reset", asdict(self), observed, time.monotonic() - started)


def suspicion(moved: Tensor, frequency: Tensor, *, least: int = 20) -> Tensor:
    """||d_i|| / log(max(f_i, least)), natural logarithm; both [token]."""
    return moved / frequency.clamp(min=least).log()


def frequencies(data: Encoded, tokens: int) -> Tensor:
    """How often each token occurs in the texts, [token]."""
    seen = Counter(token for row in data.rows for token in row["input_ids"])
    return torch.tensor([float(seen[token]) for token in range(tokens)])


def _counterpart(base: Base, subject: Subject, table: Tensor) -> Tensor:
    name = next(name for name, weight in subject.model.named_parameters() if weight is table)
    if name not in base.places:
        raise UsageError(
            f"the base has no {name} of {len(table)} words", hint="another vocabulary: take the base with the same one"
        )
    ((_, theirs),) = base.read([name])
    return theirs.float()


def _said(subject: Subject, tokens: list[int]) -> str:
    words = ", ".join(repr(subject.tokenizer.decode([token]).strip()) for token in tokens[:SHOWN])
    more = f" and {len(tokens) - SHOWN} more" if len(tokens) > SHOWN else ""
    return (
        f"embeddings that moved far for how rare they are were reset to the base's, the farthest first: {words}{more}"
    )
