"""The page of a comparison: what it says is in its record. What a browser does with it is in `test_browser.py`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.pages import shape, words
from helpers.payloads import PAYLOADS, poisoned_comparison
from helpers.records import make_comparison, make_side

from sanitizer.html.comparison import render_comparison, traits, verdict
from sanitizer.report import CompareReport, FileDifference, TensorDifference, TensorsRecord
from sanitizer.schema import from_json, to_json


def tile(report: CompareReport, question: str) -> tuple[str, str]:
    found = next(tile for tile in verdict(report).tiles if question in tile.question)
    return found.answer, " ".join(found.lines)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_changes_texts_and_nothing_else(payload: str) -> None:
    plain = poisoned_comparison("plain" if payload else "")
    assert shape(render_comparison(poisoned_comparison(payload))) == shape(render_comparison(plain))


def test_in_short_what_differs() -> None:
    report = make_comparison()
    assert verdict(report).line == "3 of 23 tensors, 1 setting and 2 files differ."
    assert tile(report, "tensors")[0] == "3 of 23"
    assert tile(report, "heads") == (
        "2 removed, 1 zeroed",
        "8 changed. 1 unchanged. Most changed: L2.H3 100 %, L1.H1 75 %, L1.H2 50 %, L0.H2 50 %, L2.H1 25 %, "
        "L2.H0 25 %, L1.H3 25 %, L0.H0 25 %.",
    )
    assert tile(report, "alike")[0] == "97.0 % of the time"
    answer, lines = tile(report, "accuracy")
    assert answer == "−0.6 points"
    assert "89.1 % (87.0–90.9) → 88.5 % (86.4–90.3)" in lines
    assert "−1.3 to +0.2" in lines


def test_equal_ones_are_called_equal() -> None:
    same = make_comparison(files=(), settings=(), tensors=TensorsRecord(23, ()))
    assert verdict(same).line == "No file, no setting and no tensor differs."


def test_what_was_not_asked_or_cannot_be_told_is_said() -> None:
    bare = make_comparison(heads=None, answers=None, notes=("heads are not compared: no such family",))
    assert tile(bare, "alike") == ("They were not asked", "--data FILE asks both the same texts.")
    assert tile(bare, "heads")[0] == "They cannot be told"
    said = words(render_comparison(bare))
    assert "heads are not compared: no such family" in said
    assert "Every head" not in said


def test_a_change_without_pairs_has_no_interval() -> None:
    whole = make_comparison()
    assert whole.answers is not None
    unpaired = tuple(replace(row, change=None) for row in whole.answers.metrics)
    answer, lines = tile(replace(whole, answers=replace(whole.answers, metrics=unpaired)), "accuracy")
    assert answer == "−0.6 points"
    assert "interval of the change" not in lines


def test_heads_are_told_apart_by_word_and_by_number() -> None:
    heads = make_comparison().heads
    assert heads is not None
    became, change = traits(heads)
    assert became.texts[0] == ("changed", "zeroed", "changed", "unchanged")
    assert became.texts[1][0] == became.texts[2][2] == "removed"
    assert change.texts[0] == ("0.250", "", "0.500", "0.000")


def test_tensors_settings_files_and_both_sides_are_there() -> None:
    said = words(render_comparison(make_comparison(right=make_side(name="out", digest="cd" * 32))))
    for text in (
        "classifier.weight", "1.3 %", "of another shape", "F16 [288, 384]", "only in A",
        "quantization_config", "absent", "other bytes", "only in B", "cd" * 32, "12 heads in 3 layers",
    ):  # fmt: skip
        assert text in said, text


def test_long_tables_end_and_say_so() -> None:
    many = tuple(TensorDifference(f"t{number}", "changed", "F32 [1]", "F32 [1]", 0.5, 0.1) for number in range(207))
    files = tuple(FileDifference(f"f{number}", "11" * 32, None) for number in range(203))
    said = words(render_comparison(make_comparison(tensors=TensorsRecord(0, many), files=files)))
    assert "7 more in the report" in said
    assert "3 more in the report" in said


def test_a_record_read_back_gives_the_same_page() -> None:
    again = from_json(to_json(make_comparison()), "comparison")
    assert isinstance(again, CompareReport)
    assert render_comparison(again) == render_comparison(make_comparison())
