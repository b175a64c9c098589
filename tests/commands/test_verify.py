"""`sanitize verify`: each answer its exit code; the record on stdout alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from helpers.records import make_verification

import sanitizer
from sanitizer.options import DataOptions, VerifyOptions
from sanitizer.schema import from_json


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[VerifyOptions]:
    """What the command asked for; the answer is in the model's name."""
    seen: list[VerifyOptions] = []

    def verify(options: VerifyOptions, *, progress: Any) -> Any:
        seen.append(options)
        return replace(make_verification(), answer=options.model.partition("/")[2])

    module = ModuleType("sanitizer.verifying")
    module.verify = verify  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sanitizer.verifying", module)
    monkeypatch.setattr(sanitizer, "verifying", module, raising=False)
    return seen


@pytest.mark.parametrize(("answer", "code"), [("held", 0), ("false", 1), ("unknown", 3)])
def test_each_answer_has_its_code(sanitize: Any, asked: Any, answer: str, code: int) -> None:
    done = sanitize("verify", f"org/{answer}")
    assert done.exit_code == code
    assert "me/reviews-sanitized" in done.stdout
    assert ("error: " in done.stderr) is (code != 0)
    assert from_json(sanitize("verify", f"org/{answer}", "--json").stdout, "verification").answer == answer


def test_the_words_arrive(sanitize: Any, asked: list[VerifyOptions], tmp_path: Path) -> None:
    words = ("--data", "c.tsv", "--text-column", "t", "--rederive", "--source", str(tmp_path), "--device", "cpu")
    assert sanitize("verify", "org/held", *words, "--revision", "v1", "--fail-on", "low").exit_code == 0
    (options,) = asked
    assert options.data == DataOptions("c.tsv", "t", None)
    assert (options.rederive, options.source, options.device) == (True, tmp_path, "cpu")
    assert (options.revision, options.gate.fail_on) == ("v1", "low")


def test_a_missing_folder_is_2(sanitize: Any) -> None:
    done = sanitize("verify", "./nowhere")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "./nowhere" in done.stderr
