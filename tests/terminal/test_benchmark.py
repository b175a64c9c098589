"""A benchmark on the terminal: one line a cell, one table, and nothing that a stranger's name could do to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.records import make_benchmark, make_cell, make_plant
from helpers.telling import EVIL, told

from sanitizer.benchmark.planting import Planted
from sanitizer.report import Metric
from sanitizer.terminal.benchmark import benchmark_story, cell_line, planted_line


def test_a_cell_is_one_line() -> None:
    cell = make_cell()
    assert cell.run is not None
    line = "badnets, pure, seed 0: clean accuracy 87.5 %, attack success 25.0 %, 1 min 4 s"
    assert cell_line(cell).plain == line
    assert cell_line(replace(cell, run=replace(cell.run, failed_gates=("x",)))).plain == f"{line}, a gate failed"
    untreated = replace(cell, what="untreated", recipe=None, seed=None, run=None)
    assert cell_line(untreated).plain == "badnets, untreated: clean accuracy 87.5 %, attack success 25.0 %"
    failed = replace(cell, run=None, clean=None, triggered=None, failed="out of memory")
    assert cell_line(failed).plain == "badnets, pure, seed 0: failed: out of memory"


def test_a_planted_victim_is_one_line() -> None:
    report = make_plant()
    line = "word: planted, clean accuracy 90.0 → 89.0 %, attack success 10.5 → 98.5 %, 1 min 4 s"
    assert planted_line(Planted("word", report, 63.5)).plain == line
    weak = replace(report, after=(report.after[0], Metric("attack success", 0.15, 0.1, 0.2, 400)))
    assert planted_line(Planted("word", weak, 63.5)).plain.endswith(", 1 min 4 s: the attack hardly took")
    assert planted_line(Planted("word", failed="no texts")).plain == "word: not planted: no texts"
    text = told(planted_line(Planted(EVIL, failed=EVIL)))
    assert "\x1b[2J" not in text and "\u202e" not in text


def test_the_table_has_means_and_the_victim_as_it_came() -> None:
    report = make_benchmark()
    lines = told(*benchmark_story(report, Path("out"))).splitlines()
    rows = [line.split() for line in lines]
    assert ["badnets", "(as", "it", "came)", "89.1", "100.0", "10.4"] in rows
    assert ["pure", "87.5", "25.0", "3", "1", "min", "4", "s", "1"] in rows
    assert ["ft", "—", "—", "—", "—", "0"] in rows
    assert "failed  badnets, pure, seed 1: took longer than 7200 s" in lines
    assert "  table       out/README.md" in lines
    over = replace(report, rows=(replace(report.rows[0], over_budget=1),))
    assert "1 (1 failed a gate)" in told(*benchmark_story(over, Path("out")))


@pytest.mark.parametrize("where", ["cell", "table"])
def test_names_move_no_cursor(where: str) -> None:
    report = make_benchmark()
    rows = tuple(replace(row, victim=EVIL, recipe=EVIL, failed=(EVIL,)) for row in report.rows)
    evil = replace(report, rows=rows, victims=(replace(report.victims[0], name=EVIL),))
    text = told(*benchmark_story(evil, Path("out"))) if where == "table" else told(cell_line(make_cell(victim=EVIL)))
    assert "\x1b[2J" not in text and "\u202e" not in text
    assert "[bold]c" in text
