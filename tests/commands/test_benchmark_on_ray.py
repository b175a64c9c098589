"""`sanitize benchmark --engine ray` on a real Ray, held against the same cells of this machine's processes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.clusters import two_workers
from helpers.suites import make_suite

from sanitizer.report import BenchmarkReport, CellRecord
from sanitizer.schema import from_json


@pytest.mark.slow
@pytest.mark.timeout(1800)  # Ray starts many processes, and a busy machine takes its time
def test_cells_are_those_of_the_local_engine(sanitize: Any, tmp_path: Path) -> None:
    make_suite(tmp_path / "suite")
    words = ("benchmark", "suite/suite.yaml", "--device", "cpu", "--jobs", "2", "-q")
    assert sanitize(*words, "--out", "local").exit_code == 0
    with two_workers() as address:
        done = sanitize(*words, "--out", "ray", "--engine", "ray", "--address", address)
    assert (done.exit_code, done.stderr) == (0, "")
    here, there = (cells(tmp_path / out) for out in ("local", "ray"))
    assert here == there
    assert [cell.what for cell in here] == ["untreated", "control", "treated"]
    assert not any(cell.failed for cell in here)


def cells(out: Path) -> list[CellRecord]:
    """All that does not say when it was and how long it took."""
    report = from_json((out / "results.json").read_text(), "benchmark")
    assert isinstance(report, BenchmarkReport)
    kept = {path.name for path in (out / "cells").glob("*.json")}
    assert len(kept) == len(report.cells)
    return [
        replace(cell, started="", run=cell.run and replace(cell.run, seconds=0.0, cpu_seconds=0.0, memory=0))
        for cell in report.cells
    ]
