"""How two checkpoints differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sanitizer.heads import HeadId
from sanitizer.report.metric import Metric
from sanitizer.report.vetting import Finding


@dataclass(frozen=True)
class SideRecord:
    """One of two checkpoints under comparison, as vetted. `heads` are those in the tensors, per layer."""

    name: str
    revision: str | None
    commit: str | None
    digest: str
    model_type: str
    architecture: str
    heads: tuple[int, ...] | None
    parameters: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class FileDifference:
    """A file that is not the same on both sides: sha256 of each, None where it is absent, empty where unread."""

    name: str
    left: str | None
    right: str | None


@dataclass(frozen=True)
class TensorDifference:
    """A tensor whose bits are not the same on both sides.

    `relative` is the norm of the difference over that of the left tensor, `largest` the largest difference of any
    weight; None where shapes differ, the left one is zero, or numbers cannot be read or are not finite.
    """

    name: str
    what: Literal["changed", "reshaped", "left_only", "right_only"]
    left: str | None
    right: str | None
    relative: float | None = None
    largest: float | None = None


@dataclass(frozen=True)
class TensorsRecord:
    """How many tensors are equal bit by bit, and those that are not."""

    equal: int
    differences: tuple[TensorDifference, ...]


@dataclass(frozen=True)
class HeadChanges:
    """What changed in each head, [layer][head] as the models had them before any was cut out.

    `change` is the norm of the difference of a head's query, key, value and output weights over the norm on the left;
    None where one side lacks the head or has it at zero. `left_only` and `right_only` are heads that the other side
    lacks, `zeroed` those of which every weight of their own is zero on the right and not on the left.
    """

    change: tuple[tuple[float | None, ...], ...]
    left_only: tuple[HeadId, ...]
    right_only: tuple[HeadId, ...]
    zeroed: tuple[HeadId, ...]


@dataclass(frozen=True)
class SettingDifference:
    """A key of a JSON file with other values: as JSON, cut where it is long, None where it is absent."""

    file: str
    key: str
    left: str | None
    right: str | None


@dataclass(frozen=True)
class PairedMetric:
    """A metric of both sides on the same texts, and the change from left to right with its paired 95 % interval.

    `change` is None where the two were not asked the same questions.
    """

    left: Metric
    right: Metric
    change: Metric | None


@dataclass(frozen=True)
class AnswersRecord:
    """What two models say to the same texts.

    Differences of logits are absolute, the largest and the mean over all of them; None where the two do not read the
    texts as the same tokens or have other classes. `agreement` is the share of texts (causal models: of tokens) with
    the same prediction, `metrics` are there where the texts have labels.
    """

    data: str
    sha256: str
    texts: int
    largest: float | None
    mean: float | None
    agreement: Metric | None
    metrics: tuple[PairedMetric, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CompareReport:
    """`sanitize compare`: how two checkpoints differ. `same_files` counts files with equal bytes.

    Files are those that came; everything else is said of the rebuilt copies, which is what would be loaded. `heads` is
    None where they cannot be told, for the reason in `notes`.
    """

    sanitizer: str
    left: SideRecord
    right: SideRecord
    same_files: int
    files: tuple[FileDifference, ...]
    settings: tuple[SettingDifference, ...]
    tensors: TensorsRecord
    heads: HeadChanges | None
    answers: AnswersRecord | None = None
    notes: tuple[str, ...] = ()
    kind: Literal["comparison"] = "comparison"
    schema_version: Literal["1"] = "1"
