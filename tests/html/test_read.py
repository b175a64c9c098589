from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.records import make_report, make_scan, make_vet

from sanitizer.errors import CorruptError, UsageError
from sanitizer.html.read import read_report
from sanitizer.schema import to_json


@pytest.mark.parametrize("report", [make_report(), make_scan()], ids=["run", "scan"])
def test_what_was_written_is_read(tmp_path: Path, report: object) -> None:
    (tmp_path / "a.json").write_text(to_json(report))  # type: ignore[arg-type]
    assert read_report(tmp_path / "a.json") == report


def test_another_record_has_no_page(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(to_json(make_vet()))
    with pytest.raises(UsageError, match="another kind"):
        read_report(tmp_path / "a.json")


@pytest.mark.parametrize(
    "text", ["", "text,label", "[]", "{}", "null", '{"kind": "run"}', "[" * 100_000, '{"kind": ["run"]}', "\udcff"]
)
def test_anything_else_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, errors="surrogateescape")
    with pytest.raises((CorruptError, UsageError)):
        read_report(tmp_path / "a.json")


def test_a_grid_that_is_none_is_refused(tmp_path: Path) -> None:
    document = json.loads(to_json(make_report()))
    document["scan"]["importance"] = "<script>"
    (tmp_path / "a.json").write_text(json.dumps(document))
    with pytest.raises(CorruptError):
        read_report(tmp_path / "a.json")
