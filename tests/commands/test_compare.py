"""`sanitize compare`: words arrive, and the record is on stdout alone."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from helpers.records import make_comparison

import sanitizer
from sanitizer.html.comparison import render_comparison
from sanitizer.options import CompareOptions, DataOptions
from sanitizer.schema import from_json


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[CompareOptions]:
    seen: list[CompareOptions] = []

    def compare(options: CompareOptions, *, progress: Any) -> Any:
        seen.append(options)
        return make_comparison()

    module = ModuleType("sanitizer.comparing")
    module.compare = compare  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sanitizer.comparing", module)
    monkeypatch.setattr(sanitizer, "comparing", module, raising=False)
    return seen


def test_the_words_arrive_and_it_judges_nothing(sanitize: Any, asked: list[CompareOptions]) -> None:
    words = ("--revision-a", "v1", "--revision-b", "v2", "--data", "c.tsv", "--label-column", "l", "--seed", "3")
    done = sanitize("compare", "org/a", "org/b", *words, "--dtype", "float32", "--fail-on", "high")
    assert (done.exit_code, done.stderr) == (0, "")
    (options,) = asked
    assert (options.left, options.left_revision, options.right, options.right_revision) == (
        "org/a",
        "v1",
        "org/b",
        "v2",
    )
    assert options.data == DataOptions("c.tsv", None, "l")
    assert (options.seed, options.dtype, options.gate.fail_on) == (3, "float32", "high")
    assert "org/reviews" in done.stdout


def test_json_is_the_record(sanitize: Any, asked: Any) -> None:
    assert from_json(sanitize("compare", "org/a", "org/b", "--json").stdout, "comparison") == make_comparison()


def test_the_page_is_written_where_one_asks_and_never_into_a_result(sanitize: Any, asked: Any, tmp_path: Path) -> None:
    page = tmp_path / "changes.html"
    done = sanitize("compare", "org/a", "org/b", "--html", str(page))
    assert page.read_text(encoding="utf-8") == render_comparison(make_comparison())
    assert str(page) in done.stdout.replace("\n", "")
    again = sanitize("compare", "org/a", "org/b", "--json", "--html", str(page))
    assert from_json(again.stdout, "comparison") == make_comparison()
    (tmp_path / "sanitizer").mkdir()
    (tmp_path / "sanitizer" / "SHA256SUMS").write_text("")
    refused = sanitize("compare", "org/a", "org/b", "--html", str(tmp_path / "sanitizer" / "page.html"))
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "among the files of a result" in refused.stderr


def test_two_models_are_needed_and_must_be_there(sanitize: Any) -> None:
    assert sanitize("compare", "org/a").exit_code == 2
    done = sanitize("compare", "./nowhere", "./nowhere")
    assert (done.exit_code, done.stdout) == (2, "")
