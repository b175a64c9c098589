"""Walking a folder: links are named and not followed, devices named and not opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sanitizer.errors import IncompleteError, RefusedError, UsageError
from sanitizer.vet import folder as module
from sanitizer.vet.folder import Entry, walk


def test_everything_is_named_once_and_in_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b").write_text("four")
    (tmp_path / "a").write_text("x")
    os.link(tmp_path / "a", tmp_path / "twin")
    (tmp_path / "away").symlink_to("/")
    (tmp_path / "lost").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    assert list(walk(tmp_path)) == [
        Entry("a", "file", 1, 2),
        Entry("away", "link"),
        Entry("lost", "link"),
        Entry("pipe", "special"),
        Entry("sub/b", "file", 4),
        Entry("twin", "file", 1, 2),
    ]


def test_the_history_of_a_clone_is_one_entry(tmp_path: Path) -> None:
    (tmp_path / ".git" / "hooks").mkdir(parents=True)
    (tmp_path / ".git" / "hooks" / "post-checkout").write_text("#!/bin/sh")
    assert list(walk(tmp_path)) == [Entry(".git", "history")]


def test_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("file", "missing"):
        with pytest.raises(UsageError):
            list(walk(tmp_path / name))


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        (tmp_path / str(number)).touch()
    monkeypatch.setattr(module, "MOST_ENTRIES", 4)
    assert len(list(walk(tmp_path))) == 4
    (tmp_path / "one more").touch()
    with pytest.raises(RefusedError) as caught:
        list(walk(tmp_path))
    assert caught.value.findings[0].rule == "files.too-many"


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module.os, "scandir", denied)  # root may read everything, so permissions cannot show it
    with pytest.raises(IncompleteError, match="Permission denied"):
        list(walk(tmp_path))


def test_folders_that_are_too_deep_are_refused_before_the_stack_ends(tmp_path: Path) -> None:
    deep = tmp_path / "m"
    deep.joinpath(*["d"] * 32).mkdir(parents=True)
    assert list(walk(deep)) == []
    deep.joinpath(*["d"] * 900).mkdir(parents=True)
    with pytest.raises(RefusedError) as caught:
        list(walk(deep))
    assert caught.value.findings[0].rule == "files.too-deep"
