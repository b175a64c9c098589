"""`sanitize apply`: the words, and what is told."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from helpers.records import make_apply

import sanitizer.applying
from sanitizer.applying.work import ApplyResult
from sanitizer.errors import UsageError
from sanitizer.options import ApplyOptions, Gatekeeping
from sanitizer.schema import from_json


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What the verb is asked; it answers with a canned record."""
    seen: list[Any] = []
    (tmp_path / "plan.json").write_text("{}")

    def apply(options: ApplyOptions, *, dry_run: bool, progress: Any) -> ApplyResult:
        seen.append((options, dry_run))
        if options.model == "org/other":
            raise UsageError("plan.json was made for other files than these", hint="say --other-model")
        return ApplyResult(make_apply(written=not dry_run), Path("out"))

    module = ModuleType("sanitizer.applying.work")
    module.apply = apply  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sanitizer.applying.work", module)
    monkeypatch.setattr(sanitizer.applying, "work", module, raising=False)
    return seen


def test_every_word_arrives(sanitize: Any, asked: list[Any]) -> None:
    words = ("--output", "out", "--force", "--layout", "dense", "--other-model", "--revision", "v1", "--token", "hf_x")
    done = sanitize("apply", "plan.json", "org/model", *words, "--fail-on", "high", "--dry-run")
    assert done.exit_code == 0
    options = ApplyOptions(
        Path("plan.json"), "org/model", "v1", Path("out"), True, "dense", True, "hf_x", Gatekeeping("high")
    )
    assert asked == [(options, True)]
    assert "hf_x" not in done.stdout + done.stderr
    assert "Nothing was written" in done.stdout
    assert "would be 2 removed and 1 zeroed of 12 heads" in done.stdout


def test_it_tells_which_heads_went_and_that_nothing_was_measured(sanitize: Any, asked: list[Any]) -> None:
    done = sanitize("apply", "plan.json", "org/model")
    assert done.exit_code == 0
    assert asked == [(ApplyOptions(Path("plan.json"), "org/model"), False)]
    for words in ("layer   1  x . . .", "out/sanitizer/apply.json", "import sanitizer.loading", "measured: what"):
        assert words in done.stdout
    assert "which is not repeated: finetune" in done.stdout
    assert "other files" not in done.stdout


def test_json_is_the_record_alone(sanitize: Any, asked: list[Any]) -> None:
    done = sanitize("apply", "plan.json", "org/model", "--json")
    assert from_json(done.stdout, "apply") == make_apply()


def test_a_plan_for_another_model_is_a_usage_error(sanitize: Any, asked: list[Any]) -> None:
    done = sanitize("apply", "plan.json", "org/other")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "made for other files than these; say --other-model" in done.stderr


@pytest.mark.parametrize("words", [("plan.json",), ("missing.json", "org/model"), ("plan.json", "m", "--layout", "x")])
def test_a_plan_and_a_model_are_needed(sanitize: Any, asked: list[Any], words: tuple[str, ...]) -> None:
    assert sanitize("apply", *words).exit_code == 2
    assert not asked


def test_the_note_on_another_model_is_told(sanitize: Any, asked: list[Any]) -> None:
    from sanitizer.terminal.apply_story import apply_story

    plan = replace(make_apply().plan, other_model=True)
    told = "\n".join(str(part) for part in apply_story(ApplyResult(make_apply(plan=plan), Path("out"))))
    assert "the plan was made for other files: --other-model" in told
