"""Every rule both ways: its hostile folder is caught by it, and the harmless twin is not caught by anything grave."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.checkpoints import make, rules, vetted
from helpers.hostile import CASES, ELSEWHERE, Case

from sanitizer.report import Finding
from sanitizer.vet import hooks
from sanitizer.vet.judgement import refusal
from sanitizer.vet.rules import LONGEST, Rule, catalogue, excerpt, shown

NOISE = Rule("test.noise", "low", "a doubt", "a hint")


def by_rule(case: Case) -> str:
    return case.rule


def test_every_rule_has_a_case_and_every_case_a_rule() -> None:
    assert sorted([*(case.rule for case in CASES), *ELSEWHERE]) == sorted(catalogue())


@pytest.mark.parametrize("case", CASES, ids=by_rule)
def test_hostile_is_caught(case: Case, tmp_path: Path) -> None:
    folder = make(tmp_path / "model")
    case.hostile(folder)
    record = vetted(folder)
    found = [finding for finding in record.findings if finding.rule == case.rule]
    assert found
    against = refusal(record)
    assert (against is not None) == (case.fate == "refused")
    if against is not None:
        assert against.exit_code == 1
        assert set(found) <= set(against.findings)
    assert refusal(record, found[0].severity) is not None


@pytest.mark.parametrize("case", CASES, ids=by_rule)
def test_twin_passes(case: Case, tmp_path: Path) -> None:
    folder = make(tmp_path / "model")
    case.twin(folder)
    record = vetted(folder)
    assert case.rule not in rules(record)
    assert refusal(record, "medium") is None


def test_ids_and_words_have_their_form() -> None:
    for name, rule in catalogue().items():
        assert name == rule.id
        family, _, word = name.partition(".")
        assert family.isalpha()
        assert word.replace("-", "").isalpha()
        assert rule.text
        assert rule.hint
        assert rule.why.endswith(".")
        assert all(source.startswith("https://") for source in rule.sources)
        assert "safe" not in f"{rule.text} {rule.hint}".replace("safetensors", "").lower()


def test_two_rules_of_one_id_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    double = Rule(hooks.AUTO_MAP.id, "low", "another", "another")
    monkeypatch.setattr(hooks, "DOUBLE", double, raising=False)
    with pytest.raises(ValueError, match=r"config\.auto-map"):
        catalogue()


def test_words_of_strangers_are_cleaned_and_cut() -> None:
    finding = NOISE.finding("a\x1b[2J.txt", "red\x1b[31m \u202egreen" + "x" * 10_000)
    assert finding == Finding("test.noise", "low", "a\\x1b[2J.txt", finding.message, "a hint")
    assert finding.message.isprintable()
    assert finding.message.startswith("a doubt: red[31m green")
    assert len(finding.message) <= LONGEST + len("a doubt: ")
    assert excerpt("short") == "short"
    assert shown("größe.json") == "größe.json"


def test_refusing_says_file_text_and_hint() -> None:
    error = NOISE.refuse("config.json", "detail")
    assert (error.message, error.hint, error.exit_code) == ("config.json: a doubt: detail", "a hint", 1)
    assert error.findings == (NOISE.finding("config.json", "detail"),)
