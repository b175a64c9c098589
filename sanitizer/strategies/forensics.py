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

from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.batches import unpadded
from sanitizer.model.context import Context
from sanitizer.model.forensics import TEXTS, examine
from sanitizer.report import ForensicsRecord

VERSION = "1"


@dataclass(frozen=True)
class Forensics:
    """No parameters: what is examined, and how, is the same in every scan."""

    def score(self, context: Context) -> HeadScores:
        """Combined p-values, higher = keep; of suspects alone any may go. A scan's are taken as they are."""
        record = context.forensics or _examined(context)
        only = tuple(suspect.head for suspect in record.suspects)
        return HeadScores(record.p_values, ScoreOrigin("forensics", VERSION, asdict(self)), only=only)


def _examined(context: Context) -> ForensicsRecord:
    made = context.sample(TEXTS)
    size = max((len(batch.index) for batch in made), default=1)
    return examine(context.subject, unpadded(made), size=size, generator=context.generator, progress=context.progress)
