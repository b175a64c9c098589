"""SARIF against its schema, and the promises that code scanning relies on."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.records import make_vet
from jsonschema import Draft7Validator, ValidationError

from sanitizer.errors import UsageError
from sanitizer.formats.sarif import FINGERPRINT, Anchor, sarif
from sanitizer.report import Finding, PolicyRecord, VetRecord, WaiverRecord
from sanitizer.vet.rules import catalogue

# The parts of the OASIS schema that are used here, rewritten by hand with every other property forbidden.
SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0-subset.json").read_text())


def document(anchor: Anchor | None = None, **changes: Any) -> Any:
    return json.loads(sarif([make_vet(**changes)], catalogue(), anchors=[anchor] if anchor else []))


def fingerprints(found: Any) -> list[str]:
    return [result["partialFingerprints"][FINGERPRINT] for result in found["runs"][0]["results"]]


def test_the_schema_is_a_schema_and_can_refuse() -> None:
    Draft7Validator.check_schema(SCHEMA)
    valid = document()
    for path in (("version",), ("runs", 0, "tool"), ("runs", 0, "results", 0, "message")):
        broken = copy.deepcopy(valid)
        inner = broken
        for part in path[:-1]:
            inner = inner[part]
        del inner[path[-1]]
        with pytest.raises(ValidationError):
            Draft7Validator(SCHEMA).validate(broken)


@pytest.mark.parametrize("anchor", [None, Anchor("deploy.yaml", 3)])
@pytest.mark.parametrize("answer", ["passed", "refused", "inconclusive"])
def test_every_answer_is_valid(answer: str, anchor: Anchor | None) -> None:
    Draft7Validator(SCHEMA).validate(document(anchor, answer=answer, unknown=("a \x1b[2J b",)))
    Draft7Validator(SCHEMA).validate(document(anchor, vetting=VetRecord((), ())))


def test_every_rule_can_be_told() -> None:
    findings = tuple(rule.finding(f"file {number}") for number, rule in enumerate(catalogue().values()))
    found = document(vetting=VetRecord((), findings))
    Draft7Validator(SCHEMA).validate(found)
    (run,) = found["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == sorted(catalogue())
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_severities_become_levels() -> None:
    (run,) = document()["runs"]
    assert {result["ruleId"]: result["level"] for result in run["results"]} == {
        "files.unneeded": "note",
        "weights.pickle-unread": "warning",
    }


def test_places_are_relative_uris() -> None:
    finding = Finding("files.unneeded", "low", "a b/ü#.py", "text")
    (result,) = document(vetting=VetRecord((), (finding,)))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/%C3%BC%23.py"


def test_fingerprints_outlive_wording_commits_and_neighbours() -> None:
    before = make_vet()
    reworded = tuple(replace(finding, message="said anew") for finding in before.vetting.findings)
    after = VetRecord((), (Finding("files.link", "high", "a", "a link"), *reworded))
    assert fingerprints(document(vetting=after, commit="f" * 40))[1:] == fingerprints(document())
    assert len(set(fingerprints(document(vetting=after)))) == 3
    assert set(fingerprints(document(source="org/other"))) & set(fingerprints(document())) == set()


def test_an_inconclusive_run_did_not_succeed() -> None:
    (invocation,) = document(answer="inconclusive", unknown=("x is truncated",))["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "x is truncated"


@pytest.mark.parametrize(
    ("text", "anchor"),
    [("a.yaml", Anchor("a.yaml", 1)), ("a/b.lock:12", Anchor("a/b.lock", 12)), ("a:0", Anchor("a:0", 1))],
)
def test_anchors(text: str, anchor: Anchor) -> None:
    assert Anchor.parse(text) == anchor


@pytest.mark.parametrize("text", ["", "/a", "../a", "a/../../b:1", "a\n:1"])
def test_what_is_no_file_of_the_users_is_no_anchor(text: str) -> None:
    with pytest.raises(UsageError):
        Anchor.parse(text)


def test_what_a_policy_waives_is_suppressed() -> None:
    report = make_vet()
    waived = WaiverRecord("weights.pickle-unread", "pytorch_model.bin", "0" * 64, "known \x1b[2J", "2030-01-01")
    found = document(vetting=replace(report.vetting, policy=PolicyRecord("1" * 64, (waived,), ())))
    Draft7Validator(SCHEMA).validate(found)
    by_rule = {result["ruleId"]: result["suppressions"] for result in found["runs"][0]["results"]}
    assert by_rule["files.unneeded"] == []
    (suppression,) = by_rule["weights.pickle-unread"]
    assert suppression["justification"] == "known [2J (until 2030-01-01)"
