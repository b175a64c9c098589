"""What a result says of itself, held against what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sanitizer.report.metric import Metric
from sanitizer.report.terms import ClaimAnswer, ClaimSubject


@dataclass(frozen=True)
class ClaimRecord:
    """One thing that a folder says of itself, held against what is there, and what was found.

    `unknown` is what was asked and could not be checked, which is never a pass.
    """

    about: ClaimSubject
    claim: str
    answer: ClaimAnswer
    found: str


@dataclass(frozen=True)
class RemeasuredRecord:
    """A metric of the result as its report claims it, and as it was measured again.

    `claimed` is None where the texts are others than those of the report: two numbers that say nothing of each other.
    """

    claimed: Metric | None
    found: Metric


@dataclass(frozen=True)
class VerifyReport:
    """`sanitize verify`: what a folder claims about how it was made, claim by claim.

    `answer` is `false` if any claim is, else `unknown` if any is. `not_shown` is what no claim here speaks of. `digest`
    covers the files that its SHA256SUMS lists.
    """

    sanitizer: str
    name: str
    revision: str | None
    commit: str | None
    digest: str
    answer: ClaimAnswer
    claims: tuple[ClaimRecord, ...]
    metrics: tuple[RemeasuredRecord, ...]
    not_shown: tuple[str, ...]
    kind: Literal["verification"] = "verification"
    schema_version: Literal["1"] = "1"
