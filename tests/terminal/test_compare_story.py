from __future__ import annotations

from dataclasses import replace
from io import StringIO

from helpers.records import make_comparison, make_side
from rich.console import Console

from sanitizer.report import CompareReport, Metric, PairedMetric, TensorDifference, TensorsRecord
from sanitizer.terminal.compare_story import MOST, compare_story
from sanitizer.terminal.lines import tell


def told(report: CompareReport, *, width: int = 120) -> str:
    page = Console(file=StringIO(), width=width, highlight=False)
    tell(page, compare_story(report, colour=False))
    return page.file.getvalue()  # type: ignore[attr-defined]


def test_both_sides_and_what_differs() -> None:
    text = told(make_comparison())
    for words in (
        "12 heads in 3 layers, 22.7 M parameters",
        "config.json: other bytes",
        "README.md: only in B",
        'quantization_config: absent → {"quant_method": "sanitizer"}',
        "20 equal bit by bit, 1 changed, 1 of another shape, 1 only in A",
        "classifier.weight: changed by 1.3 % of its norm, a weight by 0.002 at most",
        "of another shape, F16 [384, 384] → F16 [288, 384]",
        "2 removed, 1 zeroed",
        "differ by 0.11 on average, by 1.25 at most",
        "97.0 % (95.8–97.9) of predictions",
        "-0.6 (-1.3 to +0.2)",
    ):
        assert words in text


def test_the_map_of_heads_marks_what_is_gone_and_ranks_what_changed() -> None:
    rows = [line for line in told(make_comparison()).splitlines() if line.startswith(("L0 ", "L1 ", "L2 "))]
    assert rows == ["L0  2 z 5 0", "L1  x 7 5 2", "L2  2 2 x 9"]


def test_the_table_fits_a_terminal_of_80_columns() -> None:
    loss = PairedMetric(
        Metric("loss", 0.376, 0.232, 0.537, 1038),
        Metric("loss", 0.376, 0.242, 0.522, 1038),
        Metric("loss", -0.000318, -0.0631, 0.0579, 1038),
    )
    wide = PairedMetric(
        Metric("loss", 0.0784, 0.053, 0.107, 1000),
        Metric("loss", 0.0857, 0.0621, 0.113, 1000),
        Metric("loss", 0.0073, -0.00401, 0.0191, 1000),
    )
    answers = make_comparison().answers
    assert answers is not None
    text = told(make_comparison(answers=replace(answers, metrics=(*answers.metrics, loss, wide))), width=80)
    assert "…" not in text
    assert "\naccuracy " in text
    assert "89.1 % (87.0–90.9)" in text
    assert "-0.6 (-1.3 to +0.2)" in text


def test_nothing_is_said_to_differ_where_nothing_does() -> None:
    same = make_comparison(files=(), settings=(), tensors=TensorsRecord(23, ()), heads=None, answers=None)
    assert "No file, no setting and no tensor differs." in told(same)
    assert "differs." not in told(make_comparison())


def test_more_than_fit_are_counted() -> None:
    many = tuple(TensorDifference(f"t{number}", "left_only", "F16 [2]", None) for number in range(MOST + 5))
    assert "and 5 more" in told(make_comparison(tensors=TensorsRecord(0, many)))


def test_what_cannot_be_told_is_said() -> None:
    report = make_comparison(heads=None, notes=("heads are not compared: another family",), left=make_side(heads=None))
    assert "another family" in told(report)
    assert "heads not known" in told(report)
    assert report.answers is not None
    (row,) = report.answers.metrics
    unpaired = replace(report, answers=replace(report.answers, metrics=(replace(row, change=None),), largest=None))
    assert "-0.6\n" in "\n".join(line.rstrip() for line in told(unpaired).splitlines())


def test_a_strangers_words_move_no_cursor() -> None:
    odd = (TensorDifference("a\x1b[2J\u202e", "right_only", None, "F16 [2]"),)
    text = told(make_comparison(tensors=TensorsRecord(0, odd), left=make_side(architecture="B\x1b[1m")))
    assert "\x1b" not in text
    assert "\u202e" not in text
