"""Inputs that are held against clean ones, one by one and as a set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sanitizer.heads import HeadId
from sanitizer.later import later
from sanitizer.report.metric import Metric
from sanitizer.report.origin import BaseRecord, DataRecord, SourceRecord, ToolRecord
from sanitizer.report.run import Timing
from sanitizer.report.scan import ScanRecord, SimilarityRecord
from sanitizer.report.terms import SetAnswer
from sanitizer.report.vetting import VetRecord


@dataclass(frozen=True)
class HeadShare:
    """One head and the share of something that is its own."""

    head: HeadId
    share: float


@dataclass(frozen=True)
class PieceRecord:
    """A piece of an input, by the position of its first token, and the share of the distance that goes with it."""

    position: int
    text: str
    share: float


@dataclass(frozen=True)
class InputRecord:
    """One input, held against clean ones: the Mahalanobis distance of its attention profile, and how rare that is.

    `p_value` is conformal; an input is flagged if it is at most the rate of false positives that was asked for. Heads
    and pieces of text that are responsible, the most so first, are looked for where it is flagged. An input longer than
    the model reads at once is looked at in `chunks`; all of this is said of the one farthest from ordinary, so that a
    long input has more than one chance to be flagged. `index` counts inputs from 0.
    """

    index: int
    text: str
    distance: float
    p_value: float
    flagged: bool
    chunks: int = 1
    heads: tuple[HeadShare, ...] = ()
    pieces: tuple[PieceRecord, ...] = ()
    kind: Literal["input"] = "input"


@dataclass(frozen=True)
class GuardRecord:
    """The first line of what `sanitize guard` writes: everything that decides which inputs are flagged.

    `guard` is a sha256 over what was learnt from clean texts, of which `calibrated` were held against the rest.
    """

    sanitizer: str
    model: str
    digest: str
    guard: str
    calibrated: int
    fpr: float
    inputs: str
    kind: Literal["guard"] = "guard"
    schema_version: Literal["1"] = "1"


@dataclass(frozen=True)
class SetRecord:
    """A set of inputs against the clean inputs that the guard is calibrated on.

    `flagged` is the share with a p-value of at most the rate asked for, `auc` the chance that an input of the set lies
    farther from ordinary than a clean one; each `p_` is the chance of as much or more in a clean set.
    """

    name: str
    flagged: Metric
    p_flagged: float
    auc: Metric
    p_auc: float


@dataclass(frozen=True)
class InputsRecord:
    """Inputs that were asked about (`scan --inputs`), by the attention profile of each.

    `fit` and `calibrated` count the clean texts behind the distances and the p-values, `clean` is a third part of them,
    `controls` are texts made unusual without any trigger. `heads` are those most responsible for the distances,
    `examples` the inputs farthest from ordinary. `alike` does not mean safe: attention alone shows no difference.
    """

    name: str
    sha256: str
    fpr: float
    fit: int
    calibrated: int
    answer: SetAnswer
    reason: str
    inputs: SetRecord
    clean: SetRecord
    controls: tuple[SetRecord, ...]
    similarity: tuple[SimilarityRecord, ...]
    heads: tuple[HeadShare, ...]
    examples: tuple[InputRecord, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScanReport:
    """What a scan saw, with nothing changed. `inputs` is there where inputs were asked about."""

    tool: ToolRecord
    source: SourceRecord
    vetting: VetRecord
    data: DataRecord
    scan: ScanRecord
    started: str
    timings: tuple[Timing, ...]
    warnings: tuple[str, ...] = ()
    inputs: InputsRecord | None = later(None)
    base: BaseRecord | None = later(None)
    kind: Literal["scan"] = "scan"
    schema_version: Literal["1"] = "1"
