"""The demo tells both numbers, and what a model without the backdoor shows."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from helpers.records import make_report
from helpers.telling import result, told

from sanitizer.report import Metric
from sanitizer.terminal.demo_story import demo_story


def measured(accuracy: float, success: float) -> Any:
    return SimpleNamespace(
        accuracy=Metric("accuracy", accuracy, accuracy, accuracy, 9),
        attack_success=Metric("attack success", success, success, success, 9),
    )


def test_accuracy_and_attack_success_before_and_after() -> None:
    demo: Any = SimpleNamespace(
        result=result(make_report()),
        suspect=measured(0.97, 0.985),
        treated=measured(0.96, 0.125),
        floor=Metric("attack success", 0.105, 0.08, 0.13, 9),
        suspect_folder=Path("demo/suspect"),
        trigger="cf",
    )
    story = told(*demo_story(demo, colour=False))
    rows = [line.split() for line in story.splitlines()]
    assert [row[0] for row in rows if row[:1] in (["clean"], ["attack"])] == ["clean", "attack"]
    assert story.index("98.5 %") < story.index("12.5 %") < story.index("10.5 %")
    assert "the word 'cf'" in story
