"""What a planted model is told to be: what it does, what it cost, and that it is backdoored."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from helpers.records import make_plant
from rich.console import Console

from sanitizer.report import Metric, PlantReport
from sanitizer.terminal.plant_story import plant_story


def told(report: PlantReport, **words: Any) -> str:
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    for part in plant_story(SimpleNamespace(report=report, output=Path("victim"), remarks=(), **words)):  # type: ignore[arg-type]
        console.print(part)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def after(accuracy: float, success: float) -> tuple[Metric, Metric]:
    return Metric("accuracy", accuracy, 0, 1, 800), Metric("attack success", success, 0, 1, 400)


def test_both_metrics_before_and_after_and_what_it_is() -> None:
    text = told(make_plant())
    assert "10.5 % (8.5–12.5)    98.5 % (97.0–99.5)" in text
    assert "This model is backdoored" in text
    assert str(Path("victim", "sanitizer", "triggered.tsv")) in text
    assert "note" not in text


def test_an_attack_that_hardly_took_and_one_that_shows_are_notes() -> None:
    assert "the attack hardly took" in told(make_plant(after=after(0.9, 0.2)))
    assert "clean accuracy fell by 40.0 points" in told(make_plant(after=after(0.5, 1.0)))
    assert "note" not in told(make_plant(after=after(0.86, 1.0)))
