"""Stories against the records they tell, one of them word for word."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.records import SOURCE, VETTING, make_preview, make_report, make_scan
from helpers.telling import lines, printed, result, run_told

from sanitizer.report import Finding, Gate
from sanitizer.terminal.preview_story import preview_story
from sanitizer.terminal.story import run_story, scan_story

GOLDEN = Path(__file__).parent / "run_story.txt"


def test_the_story_of_a_run_word_for_word() -> None:
    assert lines(run_told(make_report())) == lines(GOLDEN.read_text(encoding="utf-8"))


def stories() -> dict[str, str]:
    return {
        "run": run_told(make_report()),
        "failed": run_told(make_report(gates=(Gate("accuracy", False, "0.8"),))),
        "scan": printed(scan_story(make_scan(), model="org/reviews", colour=False)),
        "preview": printed(preview_story(make_preview())),
    }


def test_nothing_is_ever_called_safe() -> None:
    for story in stories().values():
        assert not re.search(r"\b(safe|safely|safety)\b", story, re.IGNORECASE)


def test_without_a_terminal_there_is_not_one_escape() -> None:
    for story in stories().values():
        assert "\x1b" not in story


def test_strangers_words_stay_words() -> None:
    evil = "\x1b[31m[red]x[/red]\u202e\n:smile:"
    source = replace(SOURCE, name=evil, architecture=evil, dtype=evil)
    vetting = replace(VETTING, findings=(Finding(evil, "high", evil, evil, evil),))
    report = make_report(source=source, vetting=vetting, warnings=(evil,), gates=(Gate(evil, True, evil),))
    for story in (
        run_told(report),
        printed(scan_story(make_scan(source=source, vetting=vetting), model="org/reviews", colour=False)),
    ):
        assert not {"\x1b", "\u202e"} & set(story)
        assert story.startswith("[31m[red]x[/red] :smile:\n")
    preview = make_preview(source=evil, output=evil, recipe=evil, data=evil, commit=evil)
    assert not {"\x1b", "\u202e"} & set(printed(preview_story(preview)))


def test_the_story_fits_a_terminal_of_80_columns() -> None:
    for name, parts in (
        ("run", run_story(result(make_report()), colour=True)),
        ("scan", scan_story(make_scan(), model="org/reviews", colour=True)),
        ("preview", preview_story(make_preview())),
    ):
        for line in re.sub(r"\x1b\[[0-9;]*m", "", printed(parts, terminal=True)).splitlines():
            code = line.startswith("    ")  # is copied, and so stays whole
            assert code or len(line.rstrip()) <= 80, (name, line)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"model": "../models/reviews"}, "sanitize ../models/reviews"),
        ({"model": "/data/my model"}, "sanitize '/data/my model'"),
        ({"model": "hf://org/reviews", "revision": "v2"}, "sanitize hf://org/reviews --revision v2"),
    ],
)
def test_a_scan_names_what_was_typed(words: dict[str, str], said: str) -> None:
    local = replace(SOURCE, commit=None, revision=None, name="reviews")
    assert f"    {said}" in lines(printed(scan_story(make_scan(source=local), colour=False, **words)))
