from __future__ import annotations

from dataclasses import replace

from helpers.records import make_forensics

from sanitizer.report import ForensicsReport
from sanitizer.terminal.filed_story import forensics_report_story


def told(report: ForensicsReport) -> str:
    return "\n".join(str(part) for part in forensics_report_story(report, "org/reviews@v1"))


def test_suspects_lead_to_a_plan_and_to_a_scan() -> None:
    words = told(make_forensics())
    assert "cosine of the heads 0.9994" in words
    assert "L1.H0" in words and "weights alone" in words
    assert "sanitize forensics org/reviews@v1 --json > planted.json" in words
    assert "sanitize apply planted.json org/reviews@v1" in words
    assert "sanitize scan org/reviews@v1" in words


def test_without_suspects_there_is_no_plan_and_the_limits_are_told() -> None:
    report = make_forensics()
    calm = replace(report.forensics, answer="nothing", reason="no head stands out", suspects=())
    words = told(replace(report, forensics=calm, heads=(), base=None))
    assert "sanitize apply" not in words and "cosine" not in words
    assert "what wakes a head is not asked" in words


def test_names_of_strangers_cannot_move_the_cursor() -> None:
    report = make_forensics(warnings=("\x1b[2Jgone",))
    assert report.base is not None
    report = replace(report, base=replace(report.base, name="\x1b[31mred"))
    assert "\x1b" not in told(report)
