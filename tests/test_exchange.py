"""Two folders change places, or nothing happens."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sanitizer.exchange import exchange


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can do it")
def test_folders_change_places(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert exchange(tmp_path / "a", tmp_path / "b")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["a"]


def test_what_is_missing_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert not exchange(tmp_path / "a", tmp_path / "missing")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
