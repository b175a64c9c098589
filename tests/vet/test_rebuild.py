"""The vetted copy: what was kept, as it was vetted, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.checkpoints import INDEX, SHARDS, WEIGHTS, bytes_of, fates, make, vetted

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import CorruptError, RefusedError, ResourceError, UsageError
from sanitizer.report import FileRecord, VetRecord
from sanitizer.vet.gate import vet
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import refusal
from sanitizer.vet.rebuild import rebuild


def test_the_rebuilt_folder_holds_what_was_kept_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    checkpoint = open_local(folder)
    record = vet(checkpoint)
    rebuilt = rebuild(checkpoint, record, tmp_path / "out")
    carried = {name for name, fate in fates(record).items() if fate in ("kept", "rebuilt")}
    assert set(rebuilt.files) == carried == set(bytes_of(rebuilt))
    assert rebuilt.origin == checkpoint.origin
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700
    assert b"/home/x" not in b"".join(bytes_of(rebuilt).values())
    rebuilt.verify()


def test_rebuilding_twice_changes_nothing(folder: Path, tmp_path: Path) -> None:
    checkpoint = open_local(folder)
    once = rebuild(checkpoint, vet(checkpoint), tmp_path / "once")
    record = vet(once)
    assert record.findings == ()
    twice = rebuild(once, record, tmp_path / "twice")
    assert bytes_of(once) == bytes_of(twice)
    assert once.digest == twice.digest


@pytest.mark.parametrize("name", ["config.json", SHARDS[0], "tokenizer.json", INDEX])
def test_what_changed_after_vetting_is_not_copied(name: str, folder: Path, tmp_path: Path) -> None:
    checkpoint = open_local(folder)
    record = vet(checkpoint)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(CorruptError, match=f"{name} changed after it was vetted"):
        rebuild(checkpoint, record, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_header_swapped_while_vetting_is_found_in_the_copy(folder: Path, tmp_path: Path) -> None:
    """The header that was read is harmless; the bytes that were hashed are not."""
    harmless = (folder / SHARDS[0]).read_bytes()
    (folder / SHARDS[0]).write_bytes(WEIGHTS)
    checkpoint = open_local(folder)
    (folder / SHARDS[0]).write_bytes(harmless.ljust(len(WEIGHTS)))
    # Of the same size, so that only what it says differs; the index knows no tensor b in this shard.
    padded = len(WEIGHTS) - len(harmless)
    length = int.from_bytes(harmless[:8], "little") + padded
    (folder / SHARDS[0]).write_bytes(length.to_bytes(8, "little") + harmless[8:-8] + b" " * padded + harmless[-8:])
    record = vet(checkpoint)
    assert refusal(record) is None
    (folder / SHARDS[0]).write_bytes(WEIGHTS)
    with pytest.raises(RefusedError) as caught:
        rebuild(checkpoint, record, tmp_path / "out")
    assert "shards.tensor-orphan" in {finding.rule for finding in caught.value.findings}
    assert not (tmp_path / "out").exists()


def test_what_is_refused_is_not_rebuilt(tmp_path: Path) -> None:
    folder = make(tmp_path / "m", auto_map={"AutoModel": "evil.M"})
    with pytest.raises(RefusedError):
        rebuild(open_local(folder), vetted(folder), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_record_of_another_checkpoint_is_not_obeyed(tmp_path: Path) -> None:
    one, other = make(tmp_path / "a"), make(tmp_path / "b", hidden_size=8)
    with pytest.raises(CorruptError, match="was not vetted"):
        rebuild(open_local(other), vetted(one), tmp_path / "out")
    named = VetRecord((FileRecord("../x", 0, "", "kept", "x"),), ())
    with pytest.raises(CorruptError, match="was not vetted"):
        rebuild(open_local(one), named, tmp_path / "out")


def test_a_folder_that_holds_something_is_not_written_to(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(UsageError):
        rebuild(open_local(folder), vetted(folder), tmp_path / "out")
    assert (tmp_path / "out" / "mine").exists()


def test_a_full_disk_leaves_nothing_half_written(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Checkpoint, name: str, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    checkpoint = open_local(folder)
    record = vet(checkpoint)
    monkeypatch.setattr(Checkpoint, "copy", full)
    with pytest.raises(ResourceError, match="No space left"):
        rebuild(checkpoint, record, tmp_path / "out")
    assert not (tmp_path / "out").exists()
