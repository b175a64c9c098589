"""Digests against hashlib and sha256sum; bytes that changed are never handed out."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.checkpoint import CHUNK, Checkpoint, FileDigest, HubOrigin, LocalOrigin, digest_file
from sanitizer.errors import CorruptError

FILES = {"config.json": b"{}", "model.safetensors": b"\x00" * 10, "sub/vocab.txt": b"a\nb\n"}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    folder = tmp_path / "model"
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return Checkpoint.of_folder(folder, LocalOrigin("model"), FILES)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, 2 * CHUNK + 1])
def test_digest_is_sha256_of_the_bytes(size: int, tmp_path: Path) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    path = tmp_path / "file"
    path.write_bytes(data[:size])
    assert digest_file(path) == FileDigest(size, hashlib.sha256(data[:size]).hexdigest())


def test_empty_file_has_the_published_digest(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    # FIPS 180-4 test vector
    assert digest_file(tmp_path / "empty").sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_folder_is_hashed_file_by_file_with_progress(checkpoint: Checkpoint) -> None:
    said: list[tuple[str, int, int]] = []
    again = Checkpoint.of_folder(
        checkpoint.path, checkpoint.origin, reversed(FILES), progress=lambda *step: said.append(step)
    )
    assert again == checkpoint
    assert {name: digest.size for name, digest in again.files.items()} == {k: len(v) for k, v in FILES.items()}
    assert said == [("hash files", done, 3) for done in (1, 2, 3)]


def test_files_cannot_be_changed_afterwards(checkpoint: Checkpoint) -> None:
    with pytest.raises(TypeError):
        checkpoint.files["config.json"] = FileDigest(0, "")  # type: ignore[index]


def test_sums_are_what_sha256sum_checks(checkpoint: Checkpoint) -> None:
    tool = shutil.which("sha256sum")
    if tool is None:
        pytest.skip("sha256sum is not installed")
    check = [tool, "--check", "--strict", "-"]
    good = subprocess.run(check, cwd=checkpoint.path, input=checkpoint.sums().encode(), capture_output=True)
    assert good.returncode == 0, good.stderr
    (checkpoint.path / "config.json").write_bytes(b"[]")
    bad = subprocess.run(check, cwd=checkpoint.path, input=checkpoint.sums().encode(), capture_output=True)
    assert bad.returncode != 0


def test_digest_covers_names_and_bytes(checkpoint: Checkpoint) -> None:
    lines = "".join(f"{hashlib.sha256(FILES[name]).hexdigest()}  {name}\n" for name in sorted(FILES))
    assert checkpoint.digest == hashlib.sha256(lines.encode()).hexdigest()
    elsewhere = HubOrigin("org/model", "0" * 40)
    assert Checkpoint(Path("elsewhere"), elsewhere, checkpoint.files).digest == checkpoint.digest
    (checkpoint.path / "config.json").rename(checkpoint.path / "other.json")
    renamed = Checkpoint.of_folder(
        checkpoint.path, checkpoint.origin, {"other.json", "model.safetensors", "sub/vocab.txt"}
    )
    assert renamed.digest != checkpoint.digest


@given(st.dictionaries(st.text("abc/.", min_size=1), st.binary(max_size=8), min_size=1))
def test_digest_does_not_depend_on_order(contents: dict[str, bytes]) -> None:
    digests = {name: FileDigest(len(data), hashlib.sha256(data).hexdigest()) for name, data in contents.items()}
    backwards = dict(reversed(digests.items()))
    origin = LocalOrigin("model")
    assert Checkpoint(Path(), origin, digests).digest == Checkpoint(Path(), origin, backwards).digest


def test_unchanged_bytes_are_read_copied_and_verified(checkpoint: Checkpoint, tmp_path: Path) -> None:
    checkpoint.verify()
    for name, data in FILES.items():
        assert checkpoint.read(name) == data
        checkpoint.copy(name, tmp_path / "out" / name)
        assert (tmp_path / "out" / name).read_bytes() == data


@pytest.mark.parametrize("durable", [True, False])
def test_a_copy_waits_for_the_disk_if_it_is_to_last(
    durable: bool, checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[int] = []
    monkeypatch.setattr(os, "fsync", waited.append)
    checkpoint.copy("config.json", tmp_path / "copy", durable=durable)
    assert (tmp_path / "copy").read_bytes() == FILES["config.json"]
    assert bool(waited) == durable


@pytest.mark.parametrize("data", [b"", b"[]", b"{}\n"], ids=["truncated", "same size", "longer"])
def test_changed_bytes_are_refused_and_not_left_lying(data: bytes, checkpoint: Checkpoint, tmp_path: Path) -> None:
    (checkpoint.path / "config.json").write_bytes(data)
    target = tmp_path / "out" / "config.json"
    with pytest.raises(CorruptError, match=r"config\.json changed"):
        checkpoint.read("config.json")
    with pytest.raises(CorruptError, match=r"config\.json changed"):
        checkpoint.copy("config.json", target)
    assert not target.exists()
    with pytest.raises(CorruptError, match=r"config\.json changed"):
        checkpoint.verify()
    assert checkpoint.read("model.safetensors") == FILES["model.safetensors"]


def test_a_copy_never_writes_over_a_file(checkpoint: Checkpoint, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        checkpoint.copy("config.json", target)
    assert target.read_bytes() == b"mine"
