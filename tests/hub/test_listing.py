"""What a tree may say, and what a file must be to answer to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub.hf_api import RepoFile, RepoFolder
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.errors import CorruptError
from sanitizer.hub.listing import Fingerprint, RemoteFile, check_name, read_entries

EMPTY_BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
"""What every git repository calls the empty file."""
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_fingerprints_are_gits_and_sha256sums(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    found = Fingerprint.of(tmp_path / "empty")
    assert (found.blob_sha1, found.digest.sha256, found.digest.size) == (EMPTY_BLOB, EMPTY_SHA256, 0)


@given(st.binary(max_size=100))
def test_a_file_and_its_bytes_have_one_fingerprint(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("f") / "x"
    path.write_bytes(data)
    assert Fingerprint.of(path) == Fingerprint.of_bytes(data)


def test_a_promise_is_kept_only_in_full() -> None:
    found = Fingerprint.of_bytes(b"")
    assert RemoteFile(0, EMPTY_SHA256, None).matches(found)
    assert RemoteFile(0, None, EMPTY_BLOB).matches(found)
    assert not RemoteFile(1, EMPTY_SHA256, None).matches(found)
    assert not RemoteFile(0, "0" * 64, None).matches(found)
    assert not RemoteFile(0, EMPTY_SHA256, "0" * 40).matches(found)
    assert not RemoteFile(0, None, None).matches(found), "no digest is no promise"


def test_entries_of_both_kinds_and_folders() -> None:
    entries = [
        RepoFile(path="w", size=9, oid="0" * 40, lfs={"oid": EMPTY_SHA256, "size": 7, "pointerSize": 1}),
        RepoFile(path="a", size=0, oid=EMPTY_BLOB),
        RepoFolder(path="sub", oid="0" * 40),
        RepoFile(path="odd", size=3, oid="?"),
    ]
    files = read_entries(entries, "org/name")
    assert list(files) == ["a", "odd", "w"]
    assert files["a"] == RemoteFile(0, None, EMPTY_BLOB)
    assert files["w"] == RemoteFile(7, EMPTY_SHA256, None)
    assert files["odd"] == RemoteFile(3, None, None)


@pytest.mark.parametrize("size", [-1, None, "7"])
def test_a_size_must_be_a_size(size: object) -> None:
    with pytest.raises(CorruptError, match="no size"):
        read_entries([RepoFile(path="a", size=size, oid=EMPTY_BLOB)], "org/name")


@given(st.text(alphabet="ab./\\:\x00\n\u202e é", max_size=8))
def test_every_name_let_through_stays_inside(name: str) -> None:
    try:
        check_name(name, "org/name")
    except CorruptError:
        return
    root = Path("/inside/here")
    assert (root / name).is_relative_to(root) and ".." not in Path(name).parts
    assert Path(name).as_posix() == name
    assert name.isprintable()


@pytest.mark.parametrize("name", ["config.json", "sub/dir/x.txt", "with space.txt", "ünïcode.json", ".gitattributes"])
def test_ordinary_names_pass(name: str) -> None:
    check_name(name, "org/name")


@pytest.mark.parametrize("name", [None, 3, b"x"])
def test_what_is_not_a_string_is_no_name(name: object) -> None:
    with pytest.raises(CorruptError):
        check_name(name, "org/name")
