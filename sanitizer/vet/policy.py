"""What a user accepts: waivers of findings, each for one rule on one file by digest, with a reason and an end.

A policy is read from the file that the user names and from nowhere else: not from the working folder, not from the
model. It answers whether a checkpoint may be used as it is; it cannot make the gate rebuild what it refuses.

::

    fail_on: medium
    waivers:
      - rule: weights.pickle-unread
        sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        reason: the weights before their conversion; nothing here loads them
        expires: 2027-01-31
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from sanitizer.checkpoint import Checkpoint, LocalOrigin, digest_file
from sanitizer.errors import UsageError
from sanitizer.report import SEVERITIES, FileRecord, PolicyRecord, Severity, VetRecord, WaiverRecord
from sanitizer.vet.rules import catalogue, excerpt

CAP = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FIELDS = frozenset({"rule", "sha256", "reason", "expires"})


@dataclass(frozen=True)
class Waiver:
    """One rule is accepted for files of one digest, up to and including a day."""

    rule: str
    sha256: str
    reason: str
    expires: datetime.date


@dataclass(frozen=True)
class Policy:
    """A policy file: its digest, and what it says. `fail_on` is None where it says nothing."""

    sha256: str
    fail_on: Severity | None
    waivers: tuple[Waiver, ...]


def read_policy(path: Path) -> Policy:
    """Raises UsageError for a file that is missing or says anything that is not understood."""
    try:
        data = path.read_bytes() if path.stat().st_size <= CAP else None
    except OSError as error:
        raise UsageError(f"the policy {path} cannot be read: {error.strerror}", hint="name a file") from error
    if data is None:
        raise UsageError(f"the policy {path} is larger than {CAP} bytes", hint="name a policy file")
    try:
        document = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _wrong(path, f"it is no YAML ({type(error).__name__})") from error
    if not isinstance(document, dict) or not set(document) <= {"fail_on", "waivers"}:
        raise _wrong(path, "it says fail_on and waivers, and nothing else")
    fail_on = document.get("fail_on")
    if fail_on is not None and fail_on not in SEVERITIES:
        raise _wrong(path, f"fail_on is one of {', '.join(SEVERITIES)}")
    waivers = document.get("waivers") or []
    if not isinstance(waivers, list):
        raise _wrong(path, "waivers is a list")
    read = tuple(_waiver(entry, path, number) for number, entry in enumerate(waivers, start=1))
    return Policy(hashlib.sha256(data).hexdigest(), fail_on, read)


def apply(record: VetRecord, policy: Policy, checkpoint: Checkpoint, *, today: datetime.date) -> VetRecord:
    """The record with the findings that are waived, and the policy, on it. No finding is removed.

    A file that is refused is not waived: nobody but its author can make it understood. Files that were left behind
    are hashed here if a waiver could be meant for them.
    """
    wanted = {waiver.rule for waiver in policy.waivers}
    named = {finding.file for finding in record.findings if finding.rule in wanted}
    files = tuple(_hashed(file, checkpoint) if file.name in named else file for file in record.files)
    by_name = {file.name: file for file in files if file.fate != "refused"}
    waived, used = [], set()
    for finding in record.findings:
        file = by_name.get(finding.file)
        for waiver in policy.waivers:
            if file and (waiver.rule, waiver.sha256) == (finding.rule, file.sha256) and today <= waiver.expires:
                used.add(waiver)
                waived.append(
                    WaiverRecord(finding.rule, finding.file, waiver.sha256, waiver.reason, waiver.expires.isoformat())
                )
                break
    unused = tuple(_unused(waiver, today) for waiver in policy.waivers if waiver not in used)
    return replace(record, files=files, policy=PolicyRecord(policy.sha256, tuple(waived), unused))


def _hashed(file: FileRecord, checkpoint: Checkpoint) -> FileRecord:
    place = checkpoint.path / file.name
    if file.sha256 or file.fate == "refused" or not isinstance(checkpoint.origin, LocalOrigin):
        return file
    return replace(file, sha256=digest_file(place).sha256)


def _unused(waiver: Waiver, today: datetime.date) -> str:
    why = f"expired on {waiver.expires}" if waiver.expires < today else "no such finding, or not one that can be waived"
    return f"{waiver.rule} for {waiver.sha256[:12]}: {why}"


def _waiver(entry: Any, path: Path, number: int) -> Waiver:
    if not isinstance(entry, Mapping) or set(entry) != _FIELDS:
        raise _wrong(path, f"waiver {number} says {', '.join(sorted(_FIELDS))}, and nothing else")
    rule, sha256, reason, expires = entry["rule"], entry["sha256"], entry["reason"], entry["expires"]
    if rule not in catalogue():
        raise _wrong(path, f"waiver {number} names a rule that does not exist: {excerpt(str(rule))}")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise _wrong(path, f"waiver {number} has no sha256 of a file in 64 lowercase hexadecimal digits")
    if not isinstance(reason, str) or not reason.strip():
        raise _wrong(path, f"waiver {number} gives no reason")
    if type(expires) is not datetime.date:
        raise _wrong(path, f"waiver {number} has no day on which it expires, such as 2027-01-31")
    return Waiver(rule, sha256, excerpt(reason), expires)


def _wrong(path: Path, why: str) -> UsageError:
    return UsageError(f"the policy {path} is not valid: {why}", hint="`sanitize vet --help` shows an example")
