"""What to do with a result: the snippet is for this model, and none invites to load what failed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from helpers.records import SOURCE, make_report
from helpers.telling import Pushed, run_told

from sanitizer.mark import RULE
from sanitizer.report import Finding, Gate


def test_a_failed_gate_is_said_and_no_snippet_invites_to_load() -> None:
    story = run_told(make_report(gates=(Gate("accuracy", False, "0.80 is below 0.87"),)))
    assert "FAILED  accuracy: 0.80 is below 0.87" in story
    assert "from_pretrained" not in story
    assert "nothing was published" in story


@pytest.mark.parametrize(
    ("task", "needs_loader", "expected", "absent"),
    [
        ("classification", True, "AutoModelForSequenceClassification", "AutoModelForCausalLM"),
        ("causal", False, "AutoModelForCausalLM", "sanitizer.loading"),
    ],
)
def test_the_snippet_is_for_this_model(task: Any, needs_loader: bool, expected: str, absent: str) -> None:
    report = make_report(source=replace(SOURCE, task=task), needs_loader=needs_loader)
    story = run_told(report)
    assert f"{expected}.from_pretrained('out/reviews-sanitized')" in story
    assert ("import sanitizer.loading" in story) is needs_loader
    assert absent not in story


def test_the_snippet_is_python() -> None:
    story = run_told(make_report())
    block = story[story.index("To load it:") :].splitlines()[1:]
    end = next(index for index, line in enumerate(block) if line[:1].isalpha())
    code = "\n".join(line.removeprefix("    ") for line in block[:end])
    compile(code, "snippet", "exec")
    assert code.startswith("import sanitizer.loading")


def test_what_was_made_from_a_marked_model_is_not_to_be_pushed() -> None:
    report = make_report()
    marked = Finding(RULE, "medium", "config.json", "it says that it was backdoored", "test defences on it")
    story = run_told(replace(report, vetting=replace(report.vetting, findings=(marked,))))
    assert "it is never pushed" in story
    assert "sanitize push" not in story
    assert "sanitize push" in run_told(report)


def test_a_push_says_where_and_a_pull_request_where_to_review() -> None:
    story = run_told(make_report(), Pushed())
    assert f"https://hub.example/me/model at commit {'f' * 40}" in story
    assert "--push-to" not in story
    story = run_told(make_report(), Pushed(pull_request="https://hub.example/me/model/discussions/3"))
    assert "https://hub.example/me/model/discussions/3" in story
    assert "already there" in run_told(make_report(), Pushed(unchanged=True))
