from __future__ import annotations

from dataclasses import replace
from io import StringIO

from helpers.records import make_verification
from rich.console import Console

from sanitizer.report import ClaimRecord, VerifyReport
from sanitizer.terminal.lines import tell
from sanitizer.terminal.verify_story import verify_story


def told(report: VerifyReport) -> str:
    page = Console(file=StringIO(), width=100, highlight=False)
    tell(page, verify_story(report))
    return page.file.getvalue()  # type: ignore[attr-defined]


def test_every_claim_its_answer_and_what_was_found() -> None:
    text = told(make_verification())
    for words in ("8 files, each as listed", "accuracy is 0.8350, not 0.8850", "worded otherwise", "not what it says"):
        assert words in text
    assert "88.5 % (86.4–90.3)" in text
    assert "83.5 % (81.1–85.7)" in text
    assert "(1 held, 1 false, 1 unknown)" in text
    assert "Not shown:\n  - who made it\n" in text


def test_unknown_is_never_told_as_a_pass() -> None:
    some = make_verification(answer="unknown", metrics=())
    assert "no pass" in told(some)
    assert "holds" in told(replace(some, answer="held"))


def test_metrics_on_other_texts_stand_beside_no_claim() -> None:
    (row,) = make_verification().metrics
    text = told(make_verification(metrics=(replace(row, claimed=None),)))
    assert "on these other texts" in text
    assert "88.5" not in text


def test_a_strangers_words_move_no_cursor() -> None:
    claim = ClaimRecord("card", "c", "false", "line 1 says \x1b[2J\u202e")
    text = told(make_verification(claims=(claim,), name="a\x1b[1mb"))
    assert "\x1b" not in text
    assert "\u202e" not in text
