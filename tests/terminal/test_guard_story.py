"""What a guard says beside its output."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rich.console import Console, RenderableType

from sanitizer.report import ProgressRecord
from sanitizer.terminal.guard_story import guard_story, untreated


def told(parts: Iterable[RenderableType]) -> str:
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    for part in parts:
        console.print(part)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def guarded(**changes: Any) -> Any:
    done = ProgressRecord(inputs=200, flagged=9, long=0, empty=0)
    words = {"done": done, "looked": 200, "seconds": 4.0, "notes": (), "header": SimpleNamespace(fpr=0.01)}
    return SimpleNamespace(**words | changes)


def test_how_many_were_flagged_and_how_fast() -> None:
    text = told(guard_story(guarded()))
    assert "200 inputs in 4.0 s, 50 a second\n" in text
    assert "9 of 200 inputs flagged (4.5 %); of clean inputs 1 % are" in text
    assert "longer" not in text
    assert "without text" not in text


def test_what_an_earlier_run_looked_at_is_not_counted_as_this_one_s_pace() -> None:
    assert "50 inputs in 4.0 s, 12.5 a second, going on after 150" in told(guard_story(guarded(looked=50)))


def test_empty_rows_are_no_inputs_and_long_ones_had_more_chances() -> None:
    text = told(guard_story(guarded(done=ProgressRecord(inputs=100, flagged=9, long=3, empty=10), looked=100)))
    assert "9 of 100 inputs flagged (10 %)" in text
    assert "3 inputs longer than" in text
    assert "10 rows without text" in text


def test_nothing_flagged_is_nothing_made_and_a_hostile_name_stays_a_name() -> None:
    text = told(untreated(Path("out\x1b[2J")))
    assert "nothing was treated" in text
    assert "\x1b" not in text
