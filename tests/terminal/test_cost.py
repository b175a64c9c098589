"""What a run cost: both metrics, what went, the gates and the remarks."""

from __future__ import annotations

import re

from helpers.records import make_report
from helpers.telling import told

from sanitizer.report import Gate
from sanitizer.terminal.cost import effect, gates, warnings_lines


def test_each_metric_stands_with_its_interval_before_and_after() -> None:
    story = told(*effect(make_report()))
    assert re.search(r"accuracy +89\.1 % \(87\.0–90\.9\) +88\.5 % \(86\.4–90\.3\) +", story)
    assert "95 % intervals over 1038 held-out samples" in story


def test_a_failed_gate_is_louder_than_one_that_passed() -> None:
    report = make_report(gates=(Gate("one", True, "fine"), Gate("two", False, "0.80 is below 0.87")))
    assert told(*gates(report)).splitlines() == ["  passed  one: fine", "  FAILED  two: 0.80 is below 0.87"]


def test_remarks_are_notes() -> None:
    assert told(*warnings_lines(("memory\x1b did not suffice",))) == "  note    memory did not suffice\n"
