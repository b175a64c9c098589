"""What a model's files say about its heads, without the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sanitizer.heads import HeadId
from sanitizer.report.origin import SourceRecord
from sanitizer.report.scan import ForensicsRecord
from sanitizer.report.vetting import Finding, VetRecord


@dataclass(frozen=True)
class FiledBase:
    """The model that heads were held against: the one the suspect was made from, as the user says.

    `digest` covers all its vetted files. `similarity` is the cosine of the two models' heads.
    """

    name: str
    revision: str | None
    commit: str | None
    digest: str
    similarity: float
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class ForensicsReport:
    """`sanitize forensics`: heads that look planted by their weights. No model was built and no text was read.

    `heads` are the suspects', so that the file is a plan for `sanitize apply`. The same files give the same record:
    there are no times in it.
    """

    sanitizer: str
    transformers: str
    source: SourceRecord
    vetting: VetRecord
    forensics: ForensicsRecord
    heads: tuple[HeadId, ...]
    base: FiledBase | None = None
    warnings: tuple[str, ...] = ()
    kind: Literal["forensics"] = "forensics"
    schema_version: Literal["1"] = "1"
