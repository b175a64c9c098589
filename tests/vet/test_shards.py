"""Index and shards must agree; what is missing is corrupt (3), what contradicts is refused (1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import INDEX, SHARDS, entry, make, packed, rules, shard, vetted, write_json

from sanitizer.errors import CorruptError
from sanitizer.vet import shards
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import refusal


def test_sharded_passes_and_the_index_is_written_anew(tmp_path: Path) -> None:
    folder = shard(make(tmp_path / "m"))
    places = dict(zip("ba", reversed(SHARDS), strict=True))
    write_json(folder / INDEX, {"metadata": {"total_size": 1, "note": "x"}, "weight_map": places, "extra": {}})
    assert vetted(folder).findings == ()
    shards.write(open_local(folder), INDEX, tmp_path / "out")
    document = json.loads((tmp_path / "out").read_bytes())
    assert document == {"metadata": {"total_size": 16}, "weight_map": {"a": SHARDS[0], "b": SHARDS[1]}}


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    folder = shard(make(tmp_path / "m"))
    (folder / SHARDS[1]).unlink()
    with pytest.raises(CorruptError, match=rf"{SHARDS[1]} is missing: {INDEX} names 2 shards, and 1 are there"):
        vetted(folder)


def test_a_missing_index_is_named(tmp_path: Path) -> None:
    folder = shard(make(tmp_path / "m"))
    (folder / INDEX).unlink()
    with pytest.raises(CorruptError, match=f"{INDEX} is missing"):
        vetted(folder)


def test_a_truncated_shard_is_named(tmp_path: Path) -> None:
    folder = shard(make(tmp_path / "m"))
    whole = (folder / SHARDS[1]).read_bytes()
    (folder / SHARDS[1]).write_bytes(whole[:-3])
    expected = f"{SHARDS[1]} is truncated: it has {len(whole) - 3} bytes, and its header promises {len(whole)}"
    with pytest.raises(CorruptError, match=expected) as caught:
        vetted(folder)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "place", ["/etc/passwd", "../x.safetensors", "sub/model.safetensors", "", "pytorch_model.bin", "model.safetensors"]
)
def test_the_index_leads_nowhere_else(place: str, tmp_path: Path) -> None:
    folder = shard(make(tmp_path / "m"))
    write_json(folder / INDEX, {"weight_map": {"a": SHARDS[0], "b": SHARDS[1], "c": place}})
    record = vetted(folder)
    assert rules(record) == {"shards.path"}
    assert refusal(record) is not None


@pytest.mark.parametrize("weight_map", [None, {}, [], {"a": 1}, {"a": None}])
def test_the_index_maps_tensors_to_files(weight_map: Any, tmp_path: Path) -> None:
    folder = shard(make(tmp_path / "m"))
    write_json(folder / INDEX, {"weight_map": weight_map})
    assert rules(vetted(folder)) == {"json.shape"}


def test_a_tensor_in_two_shards_is_refused(tmp_path: Path) -> None:
    folder = shard(make(tmp_path / "m"))
    (folder / SHARDS[1]).write_bytes(packed({"a": entry(0, 8), "b": entry(8, 16)}, bytes(16)))
    (finding,) = vetted(folder).findings
    assert (finding.rule, finding.file, finding.message.rpartition(" ")[2]) == ("shards.tensor-orphan", SHARDS[1], "a")


def test_an_index_of_one_whole_file_is_ordinary(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    write_json(folder / INDEX, {"weight_map": {"a": "model.safetensors", "b": "model.safetensors"}})
    assert vetted(folder).findings == ()
