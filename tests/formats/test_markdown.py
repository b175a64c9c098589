"""Markdown: a stranger's words are code spans and add no rows, links or HTML."""

from __future__ import annotations

import re

from helpers.records import COMMIT, make_vet

from sanitizer.formats.markdown import MOST_ROWS, markdown
from sanitizer.report import Finding, VetRecord


def test_answer_commit_and_findings() -> None:
    text = markdown(make_vet())
    assert "**refused** (fails on medium findings)" in text
    assert f"`{COMMIT}`" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert [row.split(" | ")[0] for row in rows] == ["| medium", "| low"], "the gravest first"


def test_no_finding_no_table() -> None:
    text = markdown(make_vet(vetting=VetRecord((), ()), answer="passed"))
    assert "passed" in text
    assert "|" not in text


def test_hostile_words_stay_in_code_spans() -> None:
    evil = "a`|\n# x <img src=http://evil> [y](http://evil) https://evil.example \u202e"
    finding = Finding(evil, "high", evil, evil, evil)
    text = markdown(make_vet(source=evil, vetting=VetRecord((), (finding,)), unknown=(evil,), commit=evil))
    outside = re.sub(r"`[^`\n]*`", "", text)
    assert "evil" not in outside
    assert "`" not in outside
    assert len([line for line in text.splitlines() if line.startswith("| high")]) == 1
    assert "\u202e" not in text


def test_a_long_table_is_cut_and_says_so() -> None:
    findings = tuple(Finding("files.unneeded", "low", f"f{number}", "x", "y") for number in range(MOST_ROWS + 7))
    assert "and 7 more" in markdown(make_vet(vetting=VetRecord((), findings)))
