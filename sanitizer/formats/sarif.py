"""SARIF 2.1.0: what code scanning reads. A finding lies in the model's file, or where the user's file pins the model.

Specification: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from sanitizer.errors import UsageError
from sanitizer.report import Finding, Severity, VetReport
from sanitizer.text import clean
from sanitizer.vet.rules import Rule

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "sanitizerFinding/v1"
_LEVEL: Mapping[Severity, str] = {"high": "error", "medium": "warning", "low": "note"}
# What GitHub sorts by: 7.0 to 8.9 is "high", 4.0 to 6.9 "medium".
_SCORE: Mapping[Severity, str] = {"high": "8.0", "medium": "5.0", "low": "2.0"}


@dataclass(frozen=True)
class Anchor:
    """The line of the user's own repository that pins the model: a relative path and a line from 1."""

    path: str
    line: int = 1

    @classmethod
    def parse(cls, text: str) -> Anchor:
        """Read `FILE` or `FILE:LINE`. Raises UsageError for a path that is absolute or leads upwards."""
        found = re.fullmatch(r"(.+?)(?::([1-9][0-9]{0,8}))?", text)
        path = PurePath(found[1]) if found else PurePath()
        if found is None or path.is_absolute() or ".." in path.parts or not text.isprintable():
            raise UsageError(
                f"{text!r} is not a file of your repository", hint="write it relative to its root, as in models.lock:3"
            )
        return cls(path.as_posix(), int(found[2] or 1))


def sarif(reports: Sequence[VetReport], rules: Mapping[str, Rule], *, anchors: Sequence[Anchor] = ()) -> str:
    """One run for each report, in the place of its anchor if there are anchors.

    Raises KeyError for a finding of a rule that is not in `rules`.
    """
    places: Sequence[Anchor | None] = anchors or [None] * len(reports)
    runs = [_run(report, rules, anchor) for report, anchor in zip(reports, places, strict=True)]
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, indent=2) + "\n"


def _run(report: VetReport, rules: Mapping[str, Rule], anchor: Anchor | None) -> dict[str, Any]:
    used = sorted({finding.rule for finding in report.vetting.findings})
    digests = {file.name: file.sha256 for file in report.vetting.files}
    return {
        "tool": {
            "driver": {
                "name": "sanitizer",
                "semanticVersion": report.sanitizer,
                "rules": [_rule(rules[name]) for name in used],
            }
        },
        "automationDetails": {"id": f"sanitizer-vet/{clean(report.source)}/"},
        "invocations": [
            {
                "executionSuccessful": report.answer != "inconclusive",
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": clean(message)}} for message in report.unknown
                ],
            }
        ],
        "results": [
            _result(finding, used.index(finding.rule), report, digests.get(finding.file, ""), anchor)
            for finding in report.vetting.findings
        ],
        "columnKind": "unicodeCodePoints",
    }


def _rule(rule: Rule) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": rule.id,
        "shortDescription": {"text": rule.text},
        "fullDescription": {"text": rule.why or rule.text},
        "help": {"text": "\n".join([rule.hint, *rule.sources])},
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
        "properties": {"security-severity": _SCORE[rule.severity], "tags": ["security", rule.id.partition(".")[0]]},
    }
    links = [source for source in rule.sources if source.startswith("https://")]
    return found | ({"helpUri": links[0]} if links else {})


def _result(finding: Finding, index: int, report: VetReport, digest: str, anchor: Anchor | None) -> dict[str, Any]:
    inside = _place(quote(finding.file, safe="/"), 1)
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVEL[finding.severity],
        "message": {"text": clean(f"{report.source}: {finding.file}: {finding.message}")},
        "locations": [inside if anchor is None else _place(quote(anchor.path, safe="/"), anchor.line)],
        "partialFingerprints": {FINGERPRINT: _fingerprint(report.source, finding)},
        "properties": {"file": finding.file, "sha256": digest},
    }
    if report.vetting.policy is not None:
        waivers = [w for w in report.vetting.policy.waived if (w.rule, w.file) == (finding.rule, finding.file)]
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": clean(f"{w.reason} (until {w.expires})")}
            for w in waivers
        ]
    return result


def _place(uri: str, line: int) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}


def _fingerprint(source: str, finding: Finding) -> str:
    """The same doubt about the same file of the same model, whatever its wording, its commit and its neighbours."""
    return hashlib.sha256("\0".join((source, finding.rule, finding.file)).encode()).hexdigest()
