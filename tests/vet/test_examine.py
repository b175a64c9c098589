"""One file: what no rule could look into is not passed, whatever the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.checkpoints import fates, make, rules, vetted, write_json

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import IncompleteError
from sanitizer.vet.families import FAMILIES, Family
from sanitizer.vet.gate import survey, vet
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import answer, refusal
from sanitizer.vet.rules import Verdict


def test_a_file_that_appeared_later_is_refused(folder: Path) -> None:
    checkpoint = open_local(folder)
    write_json(folder / "generation_config.json", {})
    record = vet(checkpoint)
    assert "gate.unread" in rules(record)
    assert refusal(record) is not None


def test_a_rule_that_crashes_is_a_finding(folder: Path) -> None:
    def crash(checkpoint: Checkpoint, name: str) -> Verdict:
        raise KeyError("\x1b[31mboom")

    crashing = {**FAMILIES, "tokenizer": Family(crash)}
    record = survey(open_local(folder), families=crashing).record
    assert fates(record)["tokenizer.json"] == "refused"
    against = refusal(record)
    assert against is not None
    assert [(f.rule, f.file) for f in against.findings] == [("gate.crashed", "tokenizer.json")]
    assert answer(record, "high") == "inconclusive", "a crash says nothing about the file, and is no pass either"
    with pytest.raises(IncompleteError, match=r"tokenizer\.json: a rule crashed"):
        vet(open_local(folder), families=crashing)


def test_a_kind_without_rules_is_refused(folder: Path) -> None:
    record = vet(open_local(folder), families={k: v for k, v in FAMILIES.items() if k != "licence"})
    assert fates(record)["LICENSE"] == "refused"
    assert "gate.unexamined" in rules(record)
    assert refusal(record) is not None


def test_names_that_cannot_be_seen_are_written_as_escapes(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "a\u202eb\n.py").touch()
    record = vetted(folder)
    assert fates(record)["a\\u202eb\\n.py"] == "refused"


def test_links_are_refused_and_not_followed(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "assets").symlink_to("/etc")
    record = vetted(folder)
    assert fates(record)["assets"] == "refused"
    assert not any(name.startswith("assets/") for name in fates(record))
    assert refusal(record) is not None
