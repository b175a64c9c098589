"""Heads that look planted, by their weights and by what wakes them, and no others.

Source: the traces of an implant such as HPMI (Zhao et al., arXiv 2508.10243); what is measured and how it is combined
is ours, see `sanitizer.model.forensics`. Composition is that of Elhage et al. 2021, A Mathematical Framework for
Transformer Circuits.

A score is the p-value of a head for standing out by two kinds of evidence. Only heads that are suspects after
correction for the number of heads may go; where there are none, none goes.

Cannot see: a backdoor that was trained into the whole model, or into heads that clean text needs as well; an implant
whose weights were made to look like those of other heads; most heads of a layer planted at once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sanitizer.errors import UsageError
from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.batches import unpadded
from sanitizer.model.context import Context
from sanitizer.model.forensics import examine

VERSION = "1"


@dataclass(frozen=True)
class Forensics:
    """Parameters: over about how many clean texts heads are listened to."""

    samples: int = 256

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UsageError("samples must be at least 1")

    def score(self, context: Context) -> HeadScores:
        """Combined p-values, higher = keep; of suspects alone any may go."""
        made = context.sample(self.samples)
        size = max((len(batch.index) for batch in made), default=1)
        record = examine(
            context.subject, unpadded(made), size=size, generator=context.generator, progress=context.progress
        )
        only = tuple(suspect.head for suspect in record.suspects)
        return HeadScores(record.p_values, ScoreOrigin("forensics", VERSION, asdict(self)), only=only)
