"""`sanitize forensics`: the words, and what is told."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from helpers.records import make_forensics

import sanitizer
from sanitizer.errors import UnsupportedError
from sanitizer.options import ForensicsOptions, Gatekeeping
from sanitizer.report import ForensicsReport
from sanitizer.schema import from_json


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ForensicsOptions]:
    """What the verb is asked; it answers with a canned record."""
    seen: list[ForensicsOptions] = []

    def forensics(options: ForensicsOptions, *, progress: Any) -> ForensicsReport:
        seen.append(options)
        if options.model == "org/other":
            raise UnsupportedError("weights are stored as F8_E4M3", hint="give a copy in F16")
        return make_forensics()

    module = ModuleType("sanitizer.forensics")
    module.forensics = forensics  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sanitizer.forensics", module)
    monkeypatch.setattr(sanitizer, "forensics", module, raising=False)
    return seen


def test_every_word_arrives(sanitize: Any, asked: list[ForensicsOptions]) -> None:
    words = ("--revision", "v1", "--base", "org/base", "--token", "hf_x", "--fail-on", "high")
    done = sanitize("forensics", "org/model", *words)
    assert done.exit_code == 0
    assert asked == [ForensicsOptions("org/model", "v1", "org/base", "hf_x", Gatekeeping("high"))]
    assert "hf_x" not in done.stdout + done.stderr
    assert "suspect heads" in done.stdout and "org/base" in done.stdout


def test_json_is_the_record_alone(sanitize: Any, asked: list[ForensicsOptions]) -> None:
    done = sanitize("forensics", "org/model", "--json")
    assert (done.exit_code, from_json(done.stdout, "forensics")) == (0, make_forensics())


def test_an_error_says_what_to_do(sanitize: Any, asked: list[ForensicsOptions]) -> None:
    done = sanitize("forensics", "org/other")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "F8_E4M3" in done.stderr and "give a copy in F16" in done.stderr
