"""Cells that were published: read whatever else the table says, and never in half."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.records import make_benchmark

from sanitizer.benchmark.cells import read_published
from sanitizer.schema import write_report


def published(path: Path) -> dict[str, object]:
    write_report(make_benchmark(), path)
    found: dict[str, object] = json.loads(path.read_text())
    return found


def test_cells_of_a_table_of_another_version_are_used(tmp_path: Path) -> None:
    path, report = tmp_path / "results.json", make_benchmark()
    found = published(path)
    found["rows"], found["new"] = [{"of": "another version"}], 1
    path.write_text(json.dumps(found))
    assert read_published(path) == {cell.digest: cell for cell in report.cells}


def test_a_broken_cell_is_left_out_and_loses_no_other(tmp_path: Path) -> None:
    path, report = tmp_path / "results.json", make_benchmark()
    found = published(path)
    assert isinstance(found["cells"], list)
    found["cells"].append({**found["cells"][0], "digest": 5})
    path.write_text(json.dumps(found))
    assert set(read_published(path)) == {cell.digest for cell in report.cells}


@pytest.mark.parametrize("text", ["", "[]", '{"cells": 3}', "{", "3"])
def test_what_is_no_table_has_no_cells(tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text)
    assert read_published(path) == {}
    assert read_published(tmp_path / "none.json") == {}
