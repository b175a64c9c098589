"""The page: numbers of the report and nothing else, and every published one is what its results say."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from helpers.published import CARDS, published
from helpers.records import make_benchmark
from markdown_it import MarkdownIt

from sanitizer.benchmark.page import render_page
from sanitizer.report import BenchmarkReport, Spread
from sanitizer.schema import from_json, write_report


def stale(folder: Path) -> list[Path]:
    """Folders whose README.md is not what their results.json renders to."""
    found = []
    for place in published(folder):
        report = from_json((place / "results.json").read_text(encoding="ascii"), "benchmark")
        assert isinstance(report, BenchmarkReport)
        if (place / "README.md").read_text(encoding="utf-8") != render_page(report):
            found.append(place)
    return found


def test_every_published_page_is_what_its_results_render_to() -> None:
    assert stale(CARDS) == []


def test_a_page_that_was_edited_would_be_found(tmp_path: Path) -> None:
    for name in ("fresh", "edited"):
        (tmp_path / name).mkdir()
        write_report(make_benchmark(), tmp_path / name / "results.json")
        (tmp_path / name / "README.md").write_text(render_page(make_benchmark()), encoding="utf-8")
    assert stale(tmp_path) == []
    page = tmp_path / "edited" / "README.md"
    page.write_text(page.read_text(encoding="utf-8").replace("87.5", "88.5"), encoding="utf-8")
    assert stale(tmp_path) == [tmp_path / "edited"]


def rows_of(page: str) -> list[list[str]]:
    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    rows: list[list[str]] = []
    for before, token in pairwise(tokens):
        if before.type == "tr_open":
            rows.append([])
        if token.type == "inline" and before.type in {"td_open", "th_open"}:
            rows[-1].append(token.content)
    return rows


def test_a_page_says_how_its_victims_were_planted_and_what_one_that_was_not_does_not_have() -> None:
    report = make_benchmark()
    victim = replace(report.victims[0], digest=None, triggered=None, target=None, attack_success=None)
    said = "addsent in clean, learned from train.tsv, seed 0"
    rows = rows_of(render_page(replace(report, victims=(replace(victim, plant=said),))))
    assert ["`badnets`", "—", "—", "—", "—"] in rows
    assert ["`badnets`", f"`{said}`"] in rows
    assert "planted for this" not in render_page(report)


def test_the_table_has_a_row_for_each_recipe_and_the_victim_as_it_came() -> None:
    rows = rows_of(render_page(make_benchmark()))
    assert rows[1][:5] == ["`badnets`", "(as it came)", "89.1 [87.0, 91.0]", "100.0 [51.0, 100.0]", "10.4 [5.0, 30.0]"]
    assert rows[2] == [
        "", "`pure`", "**87.5** [53.0, 98.0]", "**25.0** [5.0, 70.0]", "", "3", "0.4", "64", "60", "1, 1 failed"
    ]  # fmt: skip
    assert rows[3] == ["", "`ft`", "—", "—", "", "—", "—", "—", "—", "0, 2 not run"]
    assert ["`badnets`", "`pure`", "`seed 1: took longer than 7200 s`"] in rows


def test_the_least_and_the_most_of_a_seed_are_shown_where_they_differ() -> None:
    report = make_benchmark()
    row = replace(report.rows[0], accuracy=Spread(0.875, 0.85, 0.9, 0.8, 0.95), over_budget=1)
    page = render_page(replace(report, rows=(row,)))
    assert "| **87.5** (85.0–90.0) [80.0, 95.0] |" in page
    assert "| 1, 1 failed a gate, 1 failed |" in page


@pytest.mark.parametrize("payload", ["a | b", "[x](https://evil.example)", "# x\n\ny", "{{ 7 * 7 }}", "`x`"])
def test_a_name_cannot_change_the_page(payload: str) -> None:
    def poisoned(word: str) -> str:
        report = make_benchmark()
        rows = tuple(replace(row, recipe=word, failed=(word,)) for row in report.rows)
        return render_page(replace(report, name=word, rows=rows, command=word))

    def shape(page: str) -> list[str]:
        tokens = MarkdownIt("commonmark").enable("table").parse(page)
        inner = [child for token in tokens for child in token.children or ()]
        return [token.type for token in (*tokens, *inner) if token.type != "text"]

    assert shape(poisoned(payload)) == shape(poisoned("plain"))


def test_all_texts_or_some() -> None:
    words = " ".join(render_page(make_benchmark()).split())
    assert "given the victim and 1,000 texts, drawn by seed from the 6,920 of `train.tsv`" in words
    words = " ".join(render_page(make_benchmark(texts=None)).split())
    assert "given the victim and all 6,920 texts of `train.tsv`" in words
    assert not re.search(r"\n{3,}", render_page(make_benchmark()))


def test_cells_of_changed_code_are_told() -> None:
    report = make_benchmark()
    (cell, _) = report.cells
    assert "The code was changed" not in render_page(report)
    assert cell.run is not None
    other = replace(cell, seed=2, run=replace(cell.run, code="dd" * 32))
    assert "they come from 2 states of it" in render_page(replace(report, cells=(cell, other)))
