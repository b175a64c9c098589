"""The answer on a terminal."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from helpers.records import COMMIT, make_vet
from rich.console import Console

from sanitizer.report import Finding, VetRecord, VetReport
from sanitizer.terminal.lines import tell
from sanitizer.terminal.vet_story import rule_story, rules_story, vet_story
from sanitizer.vet.hooks import AUTO_MAP


def told(report: VetReport, rebuilt: Path | None = None) -> str:
    console = Console(file=StringIO(), width=100)
    tell(console, vet_story(report, rebuilt=rebuilt))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_what_was_found_the_answer_and_the_way_on() -> None:
    text = told(make_vet())
    for part in (COMMIT, "1 medium, 1 low", "refused (fails on medium findings)", "--rebuild"):
        assert part in text
    assert "rebuilt     copy" in told(make_vet(), Path("copy"))


def test_a_pass_asks_for_nothing() -> None:
    text = told(make_vet(answer="passed", vetting=VetRecord(make_vet().vetting.files, ())))
    assert "passed" in text
    assert "--rebuild" not in text


def test_what_cannot_be_rebuilt_is_said_and_not_offered() -> None:
    text = told(make_vet(rebuildable=False, unknown=("x is truncated",), answer="inconclusive"), Path("copy"))
    assert "cannot be made" in text
    assert "unknown     x is truncated" in text
    assert "rebuilt     " not in text


def test_of_a_marked_model_no_copy_is_called_harmless() -> None:
    mark = Finding("config.backdoored", "medium", "config.json", "planted", "")
    for rebuilt in (None, Path("copy")):
        text = told(make_vet(vetting=VetRecord(make_vet().vetting.files, (mark,))), rebuilt)
        assert "a rebuilt copy has it too" in text
        assert "can be left behind" not in text


def test_strangers_do_not_move_the_cursor() -> None:
    evil = "a\x1b[2J\u202e[bold]b"
    report = make_vet(source=evil, commit=None, vetting=VetRecord((), (Finding("r", "high", evil, evil, evil),)))
    text = told(report)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]b" in text


def test_pages_of_rules() -> None:
    console = Console(file=StringIO(), width=100)
    tell(console, [*rule_story(AUTO_MAP), *rules_story([AUTO_MAP])])
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert AUTO_MAP.why in " ".join(text.split())
    assert text.count("config.auto-map") == 2
