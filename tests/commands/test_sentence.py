"""`sanitize MODEL` is `sanitize run MODEL`, and every end has its own line and code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from sanitizer.errors import (
    CorruptError,
    GateError,
    HubError,
    RefusedError,
    ResourceError,
    SanitizerError,
    UnsupportedError,
    UsageError,
)
from sanitizer.report import Finding

FINDING = Finding("auto-map", "high", "config.json", "names code to run", "delete auto_map")


@pytest.mark.parametrize(
    "words",
    [
        ("org/model",),
        ("run", "org/model"),
        ("--seed", "0", "org/model"),
        ("org/model", "--seed", "0"),
        ("hf://org/model@main",),
        ("./scan",),
        ("scanned/",),
        ("zzzzzz",),
    ],
)
def test_a_first_word_that_is_no_command_is_a_model(sanitize: Any, pipeline: Any, words: tuple[str, ...]) -> None:
    assert sanitize(*words).exit_code == 0
    ((verb, options),) = pipeline.asked
    assert verb == "run"
    assert options.model == next(word for word in words if word not in {"run", "--seed", "0"})


@pytest.mark.parametrize(("word", "meant"), [("scna", "scan"), ("docter", "doctor"), ("demos", "demo")])
def test_a_misspelt_command_is_not_taken_for_a_model(sanitize: Any, pipeline: Any, word: str, meant: str) -> None:
    done = sanitize(word)
    assert (done.exit_code, done.stdout, pipeline.asked) == (2, "", [])
    assert f"did you mean {meant!r}?" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_folder_that_exists_is_a_model_whatever_its_name(sanitize: Any, pipeline: Any) -> None:
    Path("demos").mkdir()
    assert sanitize("demos").exit_code == 0
    assert pipeline.asked[0][1].model == "demos"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (RefusedError("x", findings=(FINDING,)), 1),
        (HubError("x"), 3),
        (CorruptError("x"), 3),
        (UnsupportedError("x"), 3),
        (ResourceError("x"), 3),
        (GateError("x"), 4),
        (SanitizerError("x"), 3),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (MemoryError(), 3),
        (OSError(28, "No space left on device"), 3),
        (BrokenPipeError(32, "Broken pipe"), 3),
        (ZeroDivisionError("x"), 3),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("flags", [(), ("--json",), ("-q",)])
def test_every_end_has_its_code_and_one_line_on_stderr(
    sanitize: Any, pipeline: Any, error: BaseException, code: int, flags: tuple[str, ...]
) -> None:
    pipeline.raises = error
    done = sanitize("org/model", *flags)
    assert (done.exit_code, done.stdout) == (code, "")
    findings = 1 if isinstance(error, RefusedError) else 0
    assert done.stderr.count("\n") == 1 + findings


@pytest.mark.parametrize("words", [("run",), ("org/model", "--nope"), ("org/model", "--seed", "x"), ("scan", "a", "b")])
def test_words_that_cannot_be_read_are_one_line_and_2(sanitize: Any, pipeline: Any, words: tuple[str, ...]) -> None:
    done = sanitize(*words)
    assert (done.exit_code, done.stdout, pipeline.asked) == (2, "", [])
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "--help" in done.stderr


def test_every_help_has_an_example(sanitize: Any) -> None:
    from sanitizer.cli import sanitize as group

    for words in ((), *((name,) for name in group.commands)):
        done = sanitize(*words, "--help")
        assert done.exit_code == 0
        assert "Examples:" in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 80


def test_commands_are_listed_in_the_order_of_their_importance(sanitize: Any) -> None:
    help_text = sanitize("--help").stdout
    places = [help_text.index(f"│ {name} ") for name in ("run", "scan", "demo", "strategies", "schema", "doctor")]
    assert places == sorted(places)
