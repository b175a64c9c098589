from __future__ import annotations

import io

from helpers.records import make_input, make_inputs
from rich.console import Console

from sanitizer.report import InputsRecord
from sanitizer.terminal.inputs_story import LONGEST, inputs_story
from sanitizer.terminal.lines import tell


def told(asked: InputsRecord) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False)
    tell(console, inputs_story(asked))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_the_answer_comes_first_and_every_number_has_its_interval() -> None:
    story = told(make_inputs())
    assert story.startswith("odd.jsonl: abnormal (share of flagged inputs 0.91: beyond chance")
    rows = {line.split("  ")[0].strip(): line for line in story.splitlines()}
    assert rows["inputs"].split() == ["inputs", "200", "91.0", "%", "(86.0–96.0)", "0.98", "(0.93–1.00)"]
    assert rows["rare word"].split()[2:] == ["200", "6.0", "%", "(1.0–11.0)", "0.51", "(0.46–0.56)"]
    assert "p = 0.001  a fine cf film  (input 17; 1 piece: cf)" in story
    assert "most of the distance: L1.H2 50 %" in story


def test_no_difference_is_not_told_as_an_acquittal() -> None:
    assert "no acquittal" in told(make_inputs(answer="alike", reason="as clean inputs"))
    assert "no acquittal" not in told(make_inputs())


def test_abnormal_inputs_are_not_told_as_a_proof() -> None:
    assert "so may another kind of text" in " ".join(told(make_inputs()).split())


def test_inputs_of_strangers_are_shown_short_and_without_control_characters() -> None:
    story = told(make_inputs(name="o\x1b[31mdd", examples=(make_input(text="bad \x1b]0;title\x07 " + "x" * 500),)))
    assert "\x1b" not in story
    assert "x" * (LONGEST + 1) not in story
