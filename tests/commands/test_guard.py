"""`sanitize guard`."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import sanitizer
from sanitizer.guarding import Guarded
from sanitizer.options import DataOptions, GuardOptions
from sanitizer.report import GuardRecord, ProgressRecord

HEADER = GuardRecord("0.1.0", "org/model", "aa" * 32, "bb" * 32, 150, 0.05, "a.jsonl")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    words: list[Any] = []

    def guard(options: GuardOptions, *, lines: Any, emit: Any, progress: Any) -> Guarded:
        words.append((options, list(lines)))
        if emit is not None:
            emit('{"kind": "input"}\n')
        return Guarded(HEADER, ProgressRecord(300, 3, 1, 2), 100, 4.0, ("a note\x1b[31m",))

    module = ModuleType("sanitizer.guarding")
    module.guard = guard  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sanitizer.guarding", module)
    monkeypatch.setattr(sanitizer, "guarding", module, raising=False)
    return words


def test_options_arrive_lines_go_to_stdout_and_the_rest_aside(sanitize: Any, asked: list[Any]) -> None:
    done = sanitize("guard", "org/model", "--inputs", "-", "--data", "c.tsv", "--fpr", "0.05", input='"a"\n"b"\n')
    assert done.exit_code == 0
    ((options, lines),) = asked
    assert options == GuardOptions("org/model", "-", DataOptions("c.tsv"), fpr=0.05)
    assert lines == ['"a"\n', '"b"\n']
    assert done.stdout == '{"kind": "input"}\n'
    assert "100 inputs in 4.0 s, 25 a second, going on after 200" in done.stderr
    assert "3 of 300 inputs flagged (1 %); of clean inputs 5 % are" in done.stderr
    assert "1 input longer than" in done.stderr and "2 rows without text" in done.stderr
    assert "\x1b" not in done.stderr


def test_with_a_file_nothing_is_on_stdout(sanitize: Any, asked: list[Any]) -> None:
    done = sanitize("guard", "./model", "--inputs", "a.csv", "-o", "flags.jsonl", "--guard", "kept")
    assert (done.exit_code, done.stdout) == (0, "")
    assert (asked[0][0].out, asked[0][0].guard) == (Path("flags.jsonl"), Path("kept"))


@pytest.mark.parametrize("words", [(), ("--inputs", "a", "--fpr", "0"), ("--inputs", "a", "--fpr", "1")])
def test_words_that_mean_nothing_are_mistakes(sanitize: Any, asked: list[Any], words: tuple[str, ...]) -> None:
    assert sanitize("guard", "org/model", *words).exit_code == 2
    assert asked == []


def test_words_of_a_treatment_alone_are_a_mistake(sanitize: Any, asked: list[Any]) -> None:
    done = sanitize("guard", "org/model", "--inputs", "a.csv", "--force")
    assert (done.exit_code, asked) == (2, [])
    assert "add --treat" in done.stderr


def test_a_treatment_follows_the_guard_and_its_verdict_is_the_exit_code(
    sanitize: Any, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, done = ModuleType("sanitizer.treating"), [None]
    module.check_words = lambda options: None  # type: ignore[attr-defined]
    module.treat = lambda options, progress: done[0]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sanitizer.treating", module)
    monkeypatch.setattr(sanitizer, "treating", module, raising=False)
    words = ("guard", "./model", "--inputs", "a.csv", "-o", "flags.jsonl", "--data", "c.tsv", "--treat", "made")
    found = sanitize(*words)
    assert found.exit_code == 0
    assert "no input was flagged, so nothing was treated: made was not made" in found.stderr
    assert asked[0][0].treat == Path("made")
