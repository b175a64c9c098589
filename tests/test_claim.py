"""Folders that are claimed while a process lives: what it leaves is collected, and nothing else is."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest

from sanitizer.claim import claimed, collect


def test_a_claimed_folder_is_private_is_not_collected_and_goes(tmp_path: Path) -> None:
    with claimed(".a-", tmp_path) as folder:
        (folder / "x").touch()
        collect(".a-", tmp_path)
        assert (folder / "x").exists()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []


def test_only_folders_of_the_prefix_and_of_tempfile_are_collected(tmp_path: Path) -> None:
    left = Path(tempfile.mkdtemp(prefix=".a-", dir=tmp_path))
    (left / "deep").mkdir()
    (left / "deep" / "x").touch()
    others = [".b-abcdefgh", ".a-abcdefgh.replaced", ".a-mine", "a-abcdefgh", "abcdefgh"]
    for name in others:
        (tmp_path / name).mkdir()
    (tmp_path / ".a-isafile0").touch()
    (tmp_path / ".a-isalink0").symlink_to(tmp_path / ".b-abcdefgh")
    collect(".a-", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*others, ".a-isafile0", ".a-isalink0"}
    collect(".a-", tmp_path / "nowhere")


def test_a_folder_that_is_collected_before_it_is_claimed_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, calls = fcntl.flock, []

    def overtaken(handle: int, how: int) -> None:
        calls.append(how)
        if len(calls) == 1:
            collect(".a-", tmp_path)
        lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", overtaken)
    with claimed(".a-", tmp_path) as folder:
        assert folder.is_dir()
    assert calls == [fcntl.LOCK_EX, fcntl.LOCK_EX | fcntl.LOCK_NB, fcntl.LOCK_EX]


def test_without_locks_nothing_is_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none)
    with claimed(".a-", tmp_path) as folder:
        collect(".a-", tmp_path)
        assert folder.is_dir()
    assert list(tmp_path.iterdir()) == []
