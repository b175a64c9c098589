"""Gives suspicious heads their weights of the base again and, if asked, other modules theirs.

Source: module-wise substitution from a clean model: Fine-mixing, Zhang et al., Findings of EMNLP 2022, arXiv
2210.09545; guided module substitution (GMS), Tong et al. 2025, arXiv 2412.20476, which searches for the modules with
signals that we do not have; which heads to reset is told here by how they attend, or by how far they moved.

A head's weights are its rows of query, key and value, with their biases, and its columns of the output projection; keys
and values that several query heads share are reset where all of them are. Nothing is tuned: what is left does not know
the task as well, so `finetune` or `normalize` should follow.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Literal

from sanitizer.errors import UsageError
from sanitizer.heads import Grid, HeadId
from sanitizer.model.drift import beside_heads, distances, put_heads
from sanitizer.model.material import Material
from sanitizer.model.safety import ByClass
from sanitizer.model.subject import Subject
from sanitizer.plan import TreatmentPlan
from sanitizer.report import TreatmentRecord

Which = Literal["farthest", "suspicious", "all"]


@dataclass(frozen=True)
class ResetToBase(ByClass):
    """Which heads: the `share` of all that moved farthest, those that the safety score suspects, or all of them.

    `feed_forward` resets what else there is in the layers too, `embeddings` what lies before and behind them in the
    inner model. The parameters of the safety score count for `suspicious` alone, those of tuning not at all.
    """

    heads: Which = "farthest"
    share: float = 0.5
    feed_forward: bool = False
    embeddings: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.share <= 1:
            raise UsageError("share is of all heads, from 0 to 1")

    def apply(self, subject: Subject, plan: TreatmentPlan, material: Material) -> TreatmentRecord:
        """Reset in place; removed heads stay removed. Raises UsageError where heads were cut out before."""
        started = time.monotonic()
        base = material.known_base
        moved = distances(subject, base)
        chosen = self._chosen(subject, material, moved)
        grid = tuple(
            tuple(float(HeadId(layer, head) in chosen) for head in range(len(row))) for layer, row in enumerate(moved)
        )
        numbers = put_heads(subject, base, grid)
        if self.feed_forward:
            numbers += base.put(subject, beside_heads(subject, base))
        if self.embeddings:
            numbers += base.put(subject, set(base.places) - set(base.inner))
        material.states.remarks.append(f"heads reset to the base's: {', '.join(map(str, sorted(chosen))) or 'none'}")
        observed = {
            "heads": float(len(chosen)),
            "parameters_from_base": float(numbers),
            "largest_distance": max(value for row in moved for value in row),
            "smallest_distance": min(value for row in moved for value in row),
        }
        return TreatmentRecord("reset_to_base", asdict(self), observed, time.monotonic() - started)

    def _chosen(self, subject: Subject, material: Material, moved: Grid) -> set[HeadId]:
        every = set(subject.anatomy.heads()) - set(subject.zeroed)
        match self.heads:
            case "all":
                return every
            case "suspicious":
                return every & set(self.judge(subject, material).of_class("suspicious"))
            case "farthest":
                ranked = sorted(every, key=lambda head: (-moved[head.layer][head.head], head))
                return set(ranked[: round(self.share * len(ranked))])
