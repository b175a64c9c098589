"""The safety score of a head: low where it attends like another head of its layer and matters.

Source: Jin et al., AAAI 2026, arXiv 2511.13789: S[l,h] = 1 - [a max_{j != h} cos(A^{l,h}, A^{l,j}) + (1 - a) G[l,h] /
max G], with G = E |H^T dL/dH|. A head is suspicious if S < t, trusted ("safe" in the paper) if S > 1 - t, intermediate
otherwise; t from 0 to 0.5.

The paper leaves a and t open. Ours, 0.4 and 0.45, are those of a grid in steps of 0.1 and 0.05 that on a classifier
without a backdoor make suspicious, intermediate and trusted heads most nearly as many (20, 27 and 25 of 72): larger a
leaves hardly any trusted head, smaller t hardly any suspicious one. Three backdoored ones have 25, 17 and 23 suspicious
heads: the score sorts heads, and cannot tell whether there is a backdoor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from sanitizer.errors import UsageError
from sanitizer.heads import Grid
from sanitizer.model.alike import nearest_cosine
from sanitizer.model.batches import Batch, batches
from sanitizer.model.importance import gate_importance
from sanitizer.model.material import Material
from sanitizer.model.probes import rare_words, some
from sanitizer.model.subject import Subject
from sanitizer.model.team import first
from sanitizer.model.tune import Schedule
from sanitizer.progress import Progress, silent
from sanitizer.report import HeadClass, SafetyRecord

ALPHA = 0.4
TAU = 0.45

Inputs = Literal["clean", "rare-words", "flagged"]
"""What heads are judged on: clean texts, clean texts with words inserted that none of them has, or flagged inputs.

Of inputs that a guard flagged labels are unknown, and gradients of the suspect's own answers vanish where it is sure of
them. So a head matters there by its share of what the guard found abnormal, in place of G.
"""


def judged(nearest: Grid, importance: Grid, *, alpha: float = ALPHA, tau: float = TAU) -> SafetyRecord:
    """Score and class of every head from its highest cosine and its importance. Raises UsageError for bad constants."""
    check(alpha, tau)
    most = max((value for row in importance for value in row), default=0.0) or 1.0
    score = tuple(
        tuple(1 - (alpha * cosine + (1 - alpha) * worth / most) for cosine, worth in zip(*rows, strict=True))
        for rows in zip(nearest, importance, strict=True)
    )
    return SafetyRecord(alpha, tau, score, tuple(tuple(_class(value, tau) for value in row) for row in score))


def check(alpha: float, tau: float) -> None:
    """Raises UsageError unless alpha is from 0 to 1 and tau from 0 to 0.5."""
    if not 0 <= alpha <= 1:
        raise UsageError("alpha weighs similarity against importance, from 0 to 1")
    if not 0 <= tau <= 0.5:
        raise UsageError("tau is from 0 to 0.5", hint="suspicious is below tau, trusted above 1 - tau")


def _class(score: float, tau: float) -> HeadClass:
    return "suspicious" if score < tau else "trusted" if score > 1 - tau else "intermediate"


def safety(
    subject: Subject,
    batches: Sequence[Batch],
    *,
    alpha: float = ALPHA,
    tau: float = TAU,
    progress: Progress = silent,
) -> SafetyRecord:
    """Score and class of every head on these batches, which need labels if the model is a classifier. Streamed."""
    return judged(
        nearest_cosine(subject, batches, progress=progress),
        gate_importance(subject, batches, progress=progress),
        alpha=alpha,
        tau=tau,
    )


@dataclass(frozen=True)
class ByClass(Schedule):
    """A training schedule for a treatment that tells heads apart by their safety score.

    `inputs` says what heads are judged on, `texts` on how many, `inserted` how many words are put into each of them
    where it is `rare-words`. `flagged` is for `sanitize guard --treat`.
    """

    alpha: float = ALPHA
    tau: float = TAU
    texts: int = 256
    inputs: Inputs = "clean"
    inserted: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self.alpha, self.tau)
        if self.texts < 1 or self.inserted < 1:
            raise UsageError("texts and inserted must be positive")

    def judge(self, subject: Subject, material: Material) -> SafetyRecord:
        """Judge the heads of a subject on some of the fit part or of the flagged inputs, drawn at random.

        Raises UsageError if flagged inputs are asked for and there are none.
        """
        return first(partial(self._judge, subject, material), generator=material.generator)

    def _judge(self, subject: Subject, material: Material) -> SafetyRecord:
        if self.inputs == "flagged":
            if material.flagged is None:
                raise UsageError("no inputs were flagged to judge heads on", hint="sanitize guard --treat gives some")
            data = some(material.flagged.data, self.texts, generator=material.generator)
            alike = nearest_cosine(subject, batches(subject, data, size=self.batch_size), progress=material.progress)
            return judged(alike, material.flagged.shares, alpha=self.alpha, tau=self.tau)
        data = some(material.fit, self.texts, generator=material.generator)
        if self.inputs == "rare-words":
            data = rare_words(subject, data, unlike=material.fit, words=self.inserted, generator=material.generator)
        made = batches(subject, data, size=self.batch_size)
        return safety(subject, made, alpha=self.alpha, tau=self.tau, progress=material.progress)
