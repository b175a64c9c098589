"""Rows of the table of observations."""

from __future__ import annotations

from dataclasses import replace

from helpers.records import SCAN, SCAN_AFTER, SOURCE, make_report, make_scan

from sanitizer.html.likeness import likeness
from sanitizer.report import FlipRecord, Metric

BEFORE = FlipRecord("rare word", Metric("changed", 0.04, 0.02, 0.07, 150), 0, 0.75)
AFTER = FlipRecord("rare word", Metric("changed", 0.4, 0.33, 0.47, 150), 1, 0.9)
CALM = FlipRecord("shuffled words", Metric("changed", 0.0, 0.0, 0.02, 150), None, 0.0)


def test_a_second_scan_stands_beside_the_first() -> None:
    after = replace(SCAN, flips=(AFTER,), similarity=SCAN.similarity[:1], leaning=None)
    rows = likeness(make_report(scan=replace(SCAN, flips=(BEFORE, CALM), leaning=None), scan_after=after))
    told = [(row.before, row.after, row.towards) for row in rows]
    assert told == [
        ("0.640", "0.640", ""),
        ("0.580", "", ""),
        ("4.0 % (2.0–7.0)", "40.0 % (33.0–47.0)", "positive (90 %)"),
        ("0.0 % (0.0–2.0)", "", ""),
    ]
    assert [row.name for row in rows[2:]] == ["answers changed by rare word", "answers changed by shuffled words"]


def test_to_which_label_texts_go_over_that_say_less_is_a_row() -> None:
    rows = likeness(make_report(scan_after=SCAN_AFTER))
    told = ("30.0 % into it, 10.0 % out of it", "12.5 % into it, 11.0 % out of it", "positive, not clearly")
    assert (rows[-1].before, rows[-1].after, rows[-1].towards) == told
    alone = likeness(make_scan())[-1]
    assert (alone.after, alone.towards) == ("", "positive")


def test_a_scan_has_one_column() -> None:
    rows = likeness(make_scan(scan=replace(SCAN, flips=(BEFORE,))))
    assert [(row.before, row.after, row.towards) for row in rows][2] == ("4.0 % (2.0–7.0)", "", "negative (75 %)")


def test_a_label_without_a_name_has_its_number() -> None:
    report = make_scan(scan=replace(SCAN, flips=(AFTER,)), source=replace(SOURCE, labels=()))
    assert likeness(report)[2].towards == "label 1 (90 %)"
