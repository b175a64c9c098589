"""A plan's heads, taken out of files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sanitizer.heads import HeadId
from sanitizer.report.origin import SourceRecord
from sanitizer.report.vetting import FileRecord, VetRecord


@dataclass(frozen=True)
class PlanFile:
    """The file that named the heads, by its sha256, and the model that it was made for, where it says so.

    `other_model`: it was made for other files, or does not say for which, and was applied all the same. `not_repeated`
    are treatments of the plan's run that changed weights: removing heads does not repeat them.
    """

    name: str
    sha256: str
    model: str | None
    digest: str | None
    other_model: bool
    not_repeated: tuple[str, ...]


@dataclass(frozen=True)
class HeadOutcome:
    """What was done to one head: cut out of the tensors, or left in them with every weight zero."""

    head: HeadId
    outcome: Literal["removed", "zeroed"]


@dataclass(frozen=True)
class ApplyReport:
    """`sanitize apply`: the heads that a plan names, taken out of the files. No model was opened, tuned or measured.

    `written` is False for a dry run. The same files and the same plan give the same bytes: there are no times in it.
    """

    sanitizer: str
    transformers: str
    source: SourceRecord
    vetting: VetRecord
    plan: PlanFile
    layout: Literal["compact", "dense"]
    heads: tuple[HeadOutcome, ...]
    parameters_after: int
    needs_loader: bool
    written: bool
    warnings: tuple[str, ...] = ()
    files: tuple[FileRecord, ...] = ()
    kind: Literal["apply"] = "apply"
    schema_version: Literal["1"] = "1"
