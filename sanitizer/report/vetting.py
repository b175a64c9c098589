"""What the gate found in the files of a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sanitizer.later import later
from sanitizer.report.terms import Answer, Fate, Severity


@dataclass(frozen=True)
class Finding:
    """One doubt about one file; the verdict on a checkpoint is the maximum severity."""

    rule: str
    severity: Severity
    file: str
    message: str
    hint: str = ""


@dataclass(frozen=True)
class FileRecord:
    """What became of one input file, and why."""

    name: str
    size: int
    sha256: str
    fate: Fate
    reason: str


@dataclass(frozen=True)
class TemplateRecord:
    """A chat template: which file it is in, what it is called there, and the sha256 of its text.

    `carried` tells whether it is in the rebuilt copy too, `base` how it compares with the base model's of that name.
    """

    file: str
    name: str
    sha256: str
    carried: bool
    base: Literal["same", "differs", "unknown"] = later("unknown")


@dataclass(frozen=True)
class WaiverRecord:
    """A finding that the user's policy accepts: which rule on which file, why, and until which day (inclusive)."""

    rule: str
    file: str
    sha256: str
    reason: str
    expires: str


@dataclass(frozen=True)
class PolicyRecord:
    """The policy file by its sha256, the findings it waived, and its waivers that waived nothing."""

    sha256: str
    waived: tuple[WaiverRecord, ...]
    unused: tuple[str, ...]


@dataclass(frozen=True)
class IsolationRecord:
    """What held while the bytes of the checkpoint were parsed, and what of a whole sandbox the system did not give."""

    held: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class VetRecord:
    """The gate's answer: every input file classified, every doubt named, every chat template by its digest."""

    files: tuple[FileRecord, ...]
    findings: tuple[Finding, ...]
    templates: tuple[TemplateRecord, ...] = later(())
    policy: PolicyRecord | None = later(None)
    isolation: IsolationRecord | None = later(None)

    @property
    def standing(self) -> tuple[Finding, ...]:
        """The findings that no policy waives."""
        waived = {(waiver.rule, waiver.file) for waiver in self.policy.waived} if self.policy else set()
        return tuple(finding for finding in self.findings if (finding.rule, finding.file) not in waived)


@dataclass(frozen=True)
class VetReport:
    """`sanitize vet`: may the checkpoint be used as it is (`answer`, at `fail_on`), and can it be rebuilt?

    `unknown` says what could not be checked. The same files give the same bytes: there are no times in it.
    """

    sanitizer: str
    source: str
    revision: str | None
    commit: str | None
    digest: str
    vetting: VetRecord
    fail_on: Severity
    answer: Answer
    rebuildable: bool
    unknown: tuple[str, ...] = ()
    kind: Literal["vet"] = "vet"
    schema_version: Literal["1"] = "1"


@dataclass(frozen=True)
class VetReports:
    """`sanitize vet --lock`: the answer for each model of a lock file, in its order."""

    reports: tuple[VetReport, ...]
    kind: Literal["vets"] = "vets"
    schema_version: Literal["1"] = "1"
