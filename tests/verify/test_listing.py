"""Every file is the one that the sums list."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.claims import MODEL_FILES, PAPERS, Copy, against, checked, found

from sanitizer.output import SUMS


@pytest.mark.parametrize("name", [*MODEL_FILES, *PAPERS])
def test_a_changed_byte_of_any_file_is_found(compact: Path, copy: Copy, name: str) -> None:
    path = copy(compact) / name
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    report = checked(path.parents[name.count("/")])
    assert report.answer == "false"
    assert f"{name} has changed" in found(report, "files")


@pytest.mark.parametrize("name", [*MODEL_FILES[1:3], *PAPERS])
def test_a_missing_file_is_found(compact: Path, copy: Copy, name: str) -> None:
    folder = copy(compact)
    (folder / name).unlink()
    report = checked(folder)
    assert report.answer == "false"
    assert f"{name} is missing" in found(report, "files")


def test_a_file_or_a_link_beside_is_found_and_what_a_client_leaves_is_not(compact: Path, copy: Copy) -> None:
    folder = copy(compact)
    (folder / ".gitattributes").write_text("*.safetensors filter=lfs\n")
    (folder / ".cache" / "huggingface").mkdir(parents=True)
    (folder / ".cache" / "huggingface" / "x.lock").touch()
    assert checked(folder).answer == "held"
    (folder / "extra.txt").write_text("x")
    (folder / "link").symlink_to("config.json")
    words = found(checked(folder), "files")
    assert "extra.txt is not listed" in words
    assert "link is not a plain file" in words


def test_without_sums_nothing_is_passed(compact: Path, copy: Copy) -> None:
    folder = copy(compact)
    (folder / SUMS).unlink()
    report = checked(folder)
    assert (report.answer, against(report, "unknown")) == ("unknown", {"files"})
    (folder / SUMS).write_text("nonsense\n")
    assert against(checked(folder)) == {"files"}
