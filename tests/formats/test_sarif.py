"""SARIF against its schema, and the promises that code scanning relies on."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import WEIGHTS, make
from helpers.hostile import CASES, Case
from helpers.records import make_vet
from jsonschema import Draft202012Validator, ValidationError

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import UsageError
from sanitizer.formats.sarif import FINGERPRINT, Anchor, sarif
from sanitizer.report import Finding, PolicyRecord, VetRecord, WaiverRecord
from sanitizer.vet.families import FAMILIES, Family
from sanitizer.vet.gate import survey
from sanitizer.vet.inventory import Kind, open_local
from sanitizer.vet.judgement import answer
from sanitizer.vet.rules import Verdict, catalogue

# OASIS's own; README.md beside it says where it comes from.
SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0.json").read_text(encoding="utf-8"))
check = Draft202012Validator(SCHEMA).validate


def document(anchor: Anchor | None = None, **changes: Any) -> Any:
    return json.loads(sarif([make_vet(**changes)], catalogue(), anchors=[anchor] if anchor else []))


def told(folder: Path, families: Mapping[Kind, Family] = FAMILIES) -> Any:
    """What is said of a folder as it is vetted."""
    seen = survey(open_local(folder), families=families)
    unknown = tuple(error.message for error in seen.stalled)
    return document(vetting=seen.record, answer=answer(seen.record, "medium"), unknown=unknown)


def fingerprints(found: Any) -> list[str]:
    return [result["partialFingerprints"][FINGERPRINT] for result in found["runs"][0]["results"]]


def test_the_schema_is_a_schema_and_can_refuse() -> None:
    assert SCHEMA["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(SCHEMA)
    valid = document()
    for path in (("version",), ("runs", 0, "tool"), ("runs", 0, "results", 0, "message")):
        broken = copy.deepcopy(valid)
        inner = broken
        for part in path[:-1]:
            inner = inner[part]
        del inner[path[-1]]
        with pytest.raises(ValidationError):
            check(broken)
    for path, wrong in ((("runs", 0, "results", 0, "level"), "bad"), (("runs", 0, "columnKind"), "bytes")):
        broken = copy.deepcopy(valid)
        inner = broken
        for part in path[:-1]:
            inner = inner[part]
        inner[path[-1]] = wrong
        with pytest.raises(ValidationError):
            check(broken)
    with pytest.raises(ValidationError):
        check(valid | {"another": 1})


@pytest.mark.parametrize("anchor", [None, Anchor("deploy.yaml", 3)])
@pytest.mark.parametrize("given", ["passed", "refused", "inconclusive"])
def test_every_answer_is_valid(given: str, anchor: Anchor | None) -> None:
    check(document(anchor, answer=given, unknown=("a \x1b[2J b",)))
    check(document(anchor, vetting=VetRecord((), ())))


def test_every_rule_can_be_told() -> None:
    findings = tuple(rule.finding(f"file {number}") for number, rule in enumerate(catalogue().values()))
    found = document(vetting=VetRecord((), findings))
    check(found)
    (run,) = found["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == sorted(catalogue())
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_clean_folder_is_valid_and_without_results(tmp_path: Path) -> None:
    found = told(make(tmp_path / "m"))
    check(found)
    assert found["runs"][0]["results"] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_every_hostile_folder_is_valid(case: Case, tmp_path: Path) -> None:
    case.hostile(make(tmp_path / "m"))
    found = told(tmp_path / "m")
    check(found)
    assert case.rule in {result["ruleId"] for result in found["runs"][0]["results"]}


def test_a_rule_that_crashed_and_a_file_that_ends_early_are_valid(tmp_path: Path) -> None:
    def crash(checkpoint: Checkpoint, name: str) -> Verdict:
        raise ZeroDivisionError

    folder = make(tmp_path / "m")
    (folder / "model.safetensors").write_bytes(WEIGHTS[:-1])
    found = told(folder, {**FAMILIES, "tokenizer": Family(crash)})
    check(found)
    assert {result["ruleId"] for result in found["runs"][0]["results"]} == {"gate.crashed", "gate.incomplete"}
    assert found["runs"][0]["invocations"][0]["executionSuccessful"] is False


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
    check(found)
    by_rule = {result["ruleId"]: result["suppressions"] for result in found["runs"][0]["results"]}
    assert by_rule["files.unneeded"] == []
    (suppression,) = by_rule["weights.pickle-unread"]
    assert suppression["justification"] == "known [2J (until 2030-01-01)"
