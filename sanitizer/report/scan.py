"""What heads show on clean text, and which of them look planted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sanitizer.heads import Grid, HeadId
from sanitizer.later import later
from sanitizer.report.metric import Metric
from sanitizer.report.terms import ForensicsAnswer, HeadClass


@dataclass(frozen=True)
class SimilarityRecord:
    """Cosine similarity between attention matrices (Jin et al. 2511.13789, §3), over heads of a layer or of the model.

    `share_above` is the share of head pairs with cosine > 0.99, `percentile_99` the 99th percentile over all pairs,
    each a mean over inputs.
    """

    scope: Literal["layer", "model"]
    inputs: int
    mean: float
    share_above: float
    percentile_99: float


@dataclass(frozen=True)
class SafetyRecord:
    """The safety score of Jin et al. 2511.13789 and the class it puts each head in, [layer][head].

    Low for heads that attend like another one of their layer (`alpha`) and matter for the loss (1 - `alpha`). Below
    `tau`: suspicious; above 1 - `tau`: trusted, which the paper calls safe. It sorts the heads of any model, with a
    backdoor or without.
    """

    alpha: float
    tau: float
    score: Grid
    classes: tuple[tuple[HeadClass, ...], ...]

    def of_class(self, name: HeadClass) -> tuple[HeadId, ...]:
        """The heads of a class, in order of layer and head."""
        return tuple(
            HeadId(layer, head)
            for layer, row in enumerate(self.classes)
            for head, found in enumerate(row)
            if found == name
        )


@dataclass(frozen=True)
class AblationRecord:
    """What accuracy changes by when one head alone is gated off, with its 95 % interval, over `n` texts or tokens."""

    head: HeadId
    change: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class FlipRecord:
    """How often a classifier's answer changes when a clean text is made unusual in the way that `control` names.

    `label` is the one that most of the changed answers went to, `share` how many of them; None and 0 if none changed.
    """

    control: str
    changed: Metric
    label: int | None
    share: float


@dataclass(frozen=True)
class LeaningRecord:
    """The label that a classifier errs towards most where texts say less; `clear` if much more than a clean one would.

    `into` is the share of texts of each other label that go over to it (summed over these labels), `out` of its own
    that leave it, over `texts` that it gets right as they are. `p_value` is that of so much more into it than out of
    it, by chance, for any of the labels.
    """

    label: int
    into: float
    out: float
    p_value: float
    clear: bool
    texts: int


@dataclass(frozen=True)
class EvidenceRecord:
    """A kind of evidence against a head, and the chance of as much or more in a head that was not planted."""

    kind: str
    p_value: float


@dataclass(frozen=True)
class SuspectHead:
    """A head that stands out, and by what: every kind of evidence, the strongest first.

    `adjusted` is the combined p-value after correction for the number of heads (Benjamini and Hochberg).
    """

    head: HeadId
    adjusted: float
    evidence: tuple[EvidenceRecord, ...]


@dataclass(frozen=True)
class ForensicsRecord:
    """Which heads look as if they had been planted: by their weights, and by what wakes them. No trigger is known.

    `rate` bounds the chance that a model without any implant is called suspect, and among the heads named the expected
    share of wrong ones, as far as heads of a clean model deviate no more than assumed. `kinds` of evidence were looked
    at, over `texts` clean texts and `probes` with a random token in them. `nothing` does not acquit: only what stands
    out from the other heads of the same model is found, not a backdoor that was trained into all of it.
    """

    answer: ForensicsAnswer
    reason: str
    rate: float
    kinds: tuple[str, ...]
    texts: int
    probes: int
    p_values: Grid
    suspects: tuple[SuspectHead, ...] = ()


@dataclass(frozen=True)
class ScanRecord:
    """What the heads show on clean text. Grids are [layer][head]; `ablation` has every head, where it was asked for.

    `flips` has every control, for classifiers. `cosines`[layer][head] is how alike it and each later head of its layer
    attend, as the mean over inputs of their cosine, in four digits. `forensics` is missing from reports of
    versions that did not look for planted heads, `leaning` where nothing said where the model leans.
    """

    similarity: tuple[SimilarityRecord, ...]
    mean_similarity: Grid
    importance: Grid
    safety: SafetyRecord
    inputs: int
    ablation: tuple[AblationRecord, ...] = later(())
    flips: tuple[FlipRecord, ...] = later(())
    cosines: tuple[Grid, ...] = later(())
    forensics: ForensicsRecord | None = later(None)
    leaning: LeaningRecord | None = later(None)

    def similarity_beside(self, after: ScanRecord) -> tuple[tuple[SimilarityRecord, SimilarityRecord], ...]:
        """The scopes of both scans, each as it was and as it is: a layer of one head has no pair within it."""
        found = {record.scope: record for record in after.similarity}
        return tuple((record, found[record.scope]) for record in self.similarity if record.scope in found)

    def leaning_beside(self, after: ScanRecord) -> tuple[tuple[LeaningRecord, LeaningRecord], ...]:
        """Where both scans saw to which label the model leans: that as it was and as it is."""
        return () if self.leaning is None or after.leaning is None else ((self.leaning, after.leaning),)

    def flips_beside(self, after: ScanRecord) -> tuple[tuple[FlipRecord, FlipRecord], ...]:
        """The controls of both scans, each as it was and as it is."""
        found = {flip.control: flip for flip in after.flips}
        return tuple((flip, found[flip.control]) for flip in self.flips if flip.control in found)
