"""Summaries: every number is counted again from the cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.records import make_cell
from helpers.suites import QUICK, make_planting, make_suite

from sanitizer.benchmark.cells import Cell, cells_of
from sanitizer.benchmark.digests import Digests
from sanitizer.benchmark.estimates import pack
from sanitizer.benchmark.suite import Suite, read_suite
from sanitizer.benchmark.summary import summarise
from sanitizer.benchmark.tables import Table
from sanitizer.report import BenchmarkReport, CellRecord

TABLES = (Table(("a", "b", "c"), (0, 1, 0)), Table(("c", "d"), (0, 1)))


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return read_suite(make_suite(tmp_path, recipes=[QUICK, "ft"], seeds=[0, 1, 2]))


def record(cell: Cell, clean: str, triggered: str, **changes: object) -> CellRecord:
    made = make_cell(
        victim=cell.victim.name,
        what=cell.what,
        digest=cell.digest,
        recipe=None if cell.entry is None else cell.entry.name,
        seed=cell.seed,
        clean=pack(clean),
        triggered=pack(triggered),
    )
    assert made.run is not None
    run = None if cell.entry is None else replace(made.run, **changes)  # type: ignore[arg-type]
    return replace(made, run=run)


def summary(suite: Suite, records: dict[int, tuple[str, str]], **changes: object) -> BenchmarkReport:
    """Of the cells by their number: untreated, control, then quick and ft with each seed."""
    digests = Digests.of(suite)
    cells = cells_of(suite, digests)
    made = {cells[at].stem: record(cells[at], *outcomes, **changes) for at, outcomes in records.items()}
    return summarise(suite, digests, TABLES, cells, made, "sanitize benchmark x")


def test_rows_are_means_over_the_seeds_that_are_there(suite: Suite) -> None:
    report = summary(suite, {0: ("11", "1111"), 1: ("10", "1000"), 2: ("11", "1100"), 6: ("10", "0000")})
    quick, ft = report.rows
    assert (quick.recipe, quick.seeds, quick.missing) == ("quick", (0, 2), 1)
    assert quick.accuracy is not None and quick.attack_success is not None
    assert (quick.accuracy.mean, quick.accuracy.least, quick.accuracy.most) == (0.75, 0.5, 1.0)
    assert (quick.attack_success.mean, quick.attack_success.least, quick.attack_success.most) == (0.25, 0.0, 0.5)
    assert (ft.recipe, ft.seeds, ft.missing, ft.accuracy) == ("ft", (), 3, None)
    (victim,) = report.victims
    assert victim.accuracy is not None and victim.attack_success is not None and victim.floor is not None
    assert (victim.accuracy.value, victim.attack_success.value, victim.floor.value) == (1.0, 1.0, 0.25)
    assert [cell.seed for cell in report.cells] == [None, None, 0, 2]


def test_what_was_not_measured_is_none(suite: Suite) -> None:
    (victim,) = summary(suite, {1: ("10", "1000")}).victims
    assert (victim.accuracy, victim.attack_success) == (None, None)
    assert victim.floor is not None


def test_heads_parameters_seconds_and_memory(suite: Suite) -> None:
    report = summary(
        suite,
        {2: ("1", "1"), 4: ("1", "0")},
        heads_removed=5,
        parameters=200,
        parameters_removed=50,
        seconds=3.0,
        cpu_seconds=2.0,
        memory=7,
        failed_gates=("accuracy budget: too much",),
    )
    row = report.rows[0]
    assert (row.heads_removed, row.parameters_removed, row.seconds, row.cpu_seconds) == (5, 0.25, 3.0, 2.0)
    assert (row.memory, row.over_budget) == (7, 2)


def test_a_failed_cell_is_a_line_and_no_number(suite: Suite) -> None:
    digests = Digests.of(suite)
    cells = cells_of(suite, digests)
    failed = replace(record(cells[2], "1", "1"), run=None, clean=None, triggered=None, failed="out of memory")
    records = {cells[2].stem: failed, cells[4].stem: record(cells[4], "1", "1")}
    row = summarise(suite, digests, TABLES, cells, records, "x").rows[0]
    assert (row.failed, row.seeds, row.missing) == (("seed 0: out of memory",), (1,), 1)


def test_test_texts_that_defenders_may_have_are_counted(suite: Suite) -> None:
    report = summary(suite, {})
    assert (report.data.rows, report.test.rows, report.test.also_in_data) == (3, 2, 1)


def test_changes_are_against_the_victim_as_it_came(suite: Suite) -> None:
    cells = {0: ("11", "1100"), 2: ("10", "1110"), 3: ("11", "0000"), 4: ("10", "1110")}
    quick, ft = summary(suite, cells).rows
    assert quick.accuracy_change is not None and quick.attack_change is not None
    assert (quick.accuracy_change.mean, quick.attack_change.mean, quick.worse) == (-0.5, 0.25, True)
    assert ft.attack_change is not None
    assert (ft.attack_change.mean, ft.worse) == (-0.5, False)
    alone, _ = summary(suite, {2: ("10", "1110")}).rows
    assert (alone.accuracy_change, alone.attack_change, alone.worse) == (None, None, False)


def test_a_victim_that_is_not_planted_says_how_it_would_be_and_has_no_digest(tmp_path: Path) -> None:
    report = summary(read_suite(make_planting(tmp_path)), {})
    (victim,) = report.victims
    assert (victim.digest, victim.triggered, victim.target, victim.floor) == (None, None, None, None)
    assert victim.plant is not None and victim.plant.startswith("badnets (")
    assert report.rows[0].missing == 1
