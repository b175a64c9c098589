"""A file of text is the old one or the new one, whatever happens."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sanitizer import files
from sanitizer.errors import UsageError
from sanitizer.files import names_in, replace_text


def test_files_are_named_from_the_folder_at_every_depth(tmp_path: Path) -> None:
    for name in ("a", ".b", "deep/er/c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert sorted(names_in(tmp_path)) == [".b", "a", "deep/er/c"]


def test_text_is_written_as_it_is_and_can_be_read_by_everybody(tmp_path: Path) -> None:
    replace_text(tmp_path / "a", "größe\n")
    assert (tmp_path / "a").read_bytes() == "größe\n".encode()
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644
    replace_text(tmp_path / "a", "")
    assert (tmp_path / "a").read_bytes() == b""
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("step", ["fsync", "fdopen"])
def test_a_disk_that_is_full_leaves_what_was_there(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*words: object, **how: object) -> None:
        raise OSError(28, "No space left on device")

    replace_text(tmp_path / "a", "old")
    monkeypatch.setattr(files.os, step, full)
    with pytest.raises(OSError, match="No space"):
        replace_text(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_text_that_cannot_be_encoded_leaves_what_was_there(tmp_path: Path) -> None:
    replace_text(tmp_path / "a", "old")
    with pytest.raises(UnicodeEncodeError):
        replace_text(tmp_path / "a", "\ud800")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        replace_text(tmp_path / "missing" / "a", "x")
