"""SHA256SUMS is the only witness, and each way a folder can differ from it is found."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sanitizer.errors import GateError
from sanitizer.hub.finished import SUMS, verified

FILES = {"config.json": b"{}", "model.safetensors": b"x" * 100, "sanitizer/report.json": b"{}"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    for name, data in FILES.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)
    sums = subprocess.run(["sha256sum", *FILES], cwd=out, capture_output=True, check=True).stdout
    (out / SUMS).write_bytes(sums)
    return out


def test_what_sha256sum_writes_is_believed(folder: Path) -> None:
    found = verified(folder)
    assert set(found.files) == {SUMS, *FILES}
    assert found.files["config.json"].digest.sha256 == hashlib.sha256(b"{}").hexdigest()
    git = subprocess.run(["git", "hash-object", "config.json"], cwd=folder, capture_output=True, check=True)
    assert found.files["config.json"].blob_sha1 == git.stdout.decode().strip()


def _edit(folder: Path) -> None:
    (folder / "config.json").write_text("[]")


def _remove(folder: Path) -> None:
    (folder / "config.json").unlink()


def _add(folder: Path) -> None:
    (folder / "extra.bin").write_bytes(b"\x80\x04.")


def _link(folder: Path) -> None:
    (folder / "config.json").rename(folder.parent / "elsewhere")
    (folder / "config.json").symlink_to(folder.parent / "elsewhere")


def _no_sums(folder: Path) -> None:
    (folder / SUMS).unlink()


def _empty_sums(folder: Path) -> None:
    (folder / SUMS).write_text("")


def _escape(folder: Path) -> None:
    (folder.parent / "secret").write_text("s")
    with (folder / SUMS).open("a") as sums:
        sums.write(f"{hashlib.sha256(b's').hexdigest()}  ../secret\n")


def _twice(folder: Path) -> None:
    (folder / SUMS).write_text((folder / SUMS).read_text() * 2)


def _garbage(folder: Path) -> None:
    (folder / SUMS).write_bytes(b"\xff\xfe not a line\n")


SPOILERS: list[tuple[Callable[[Path], None], str]] = [
    (_edit, "config.json has changed"),
    (_remove, "config.json is missing"),
    (_add, "extra.bin is not listed"),
    (_link, "config.json is not a plain file"),
    (_no_sums, "has no sanitizer/SHA256SUMS"),
    (_empty_sums, "lists nothing"),
    (_escape, "is damaged"),
    (_twice, "twice"),
    (_garbage, "is damaged"),
]


@pytest.mark.parametrize(("spoil", "says"), SPOILERS, ids=[says for _, says in SPOILERS])
def test_a_folder_that_is_not_what_it_says(folder: Path, spoil: Callable[[Path], None], says: str) -> None:
    spoil(folder)
    with pytest.raises(GateError, match=says) as caught:
        verified(folder)
    assert caught.value.exit_code == 4
    assert caught.value.message.isprintable() and caught.value.hint
