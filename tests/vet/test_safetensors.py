"""The strict header reader against the safetensors library: what ours accepts, the library accepts alike."""

from __future__ import annotations

import io
import json
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import WEIGHTS, entry, make, packed, rules, vetted
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import deserialize

from sanitizer.errors import CorruptError, RefusedError
from sanitizer.vet.header import BYTES, TensorInfo
from sanitizer.vet.inventory import open_local
from sanitizer.vet.rebuild import rebuild
from sanitizer.vet.safetensors import header_of, read_header

COMMON = {"max_examples": 150, "deadline": None}


def agrees_with_the_library(data: bytes) -> bool:
    """Whether ours accepts; fails if the library then refuses or reads something else."""
    try:
        header = read_header(data, len(data))
    except (RefusedError, CorruptError):
        return False
    theirs = {name: (t["dtype"], tuple(t["shape"]), bytes(t["data"])) for name, t in deserialize(data)}
    body = data[header.begin :]
    ours = {name: (t.dtype, t.shape, body[t.start : t.end]) for name, t in header.tensors.items()}
    assert ours == theirs
    return True


@st.composite
def files(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    """A header of tensors that cover their data, in any order."""
    names = draw(st.lists(st.text(min_size=1, max_size=6), min_size=0, max_size=4, unique=True))
    header: dict[str, Any] = {}
    end = 0
    for name in names:
        dtype, shape = draw(st.sampled_from(sorted(BYTES))), draw(st.lists(st.integers(0, 3), max_size=3))
        size = BYTES[dtype]
        for dimension in shape:
            size *= dimension
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    header = {name: header[name] for name in draw(st.permutations(names))}
    return header, bytes(i % 251 for i in range(end))


@settings(**COMMON)
@given(files(), st.booleans())
def test_honest_files_are_read_as_the_library_reads_them(file: tuple[dict[str, Any], bytes], padded: bool) -> None:
    header, data = file
    accepted = agrees_with_the_library(packed(json.dumps(header) + "  " * padded, data))
    visible = all(name.isprintable() and name == name.strip() for name in header)
    assert accepted == (visible and not any(re.search(r"(^|\.)__\w+__(\.|$)", name) for name in header))


ODD = st.one_of(
    st.integers(-2, 20),
    st.sampled_from([1 << 63, 1 << 64, True, None, 1.0, "8", [], {}, [0, 8], [8], "F32", "F4", "f32"]),
)


@settings(**COMMON)
@given(files(), st.data())
def test_whatever_of_a_spoilt_file_is_accepted_the_library_accepts(
    file: tuple[dict[str, Any], bytes], data: st.DataObject
) -> None:
    header, body = file
    for name in header:
        field = data.draw(st.sampled_from(["dtype", "shape", "data_offsets", "extra", "none"]))
        if field in ("shape", "data_offsets") and header[name][field]:
            place = data.draw(st.integers(0, len(header[name][field]) - 1))
            header[name][field][place] = data.draw(ODD)
        elif field != "none":
            header[name][field] = data.draw(ODD)
    agrees_with_the_library(packed(header, body))


@settings(**COMMON)
@given(st.data())
def test_whatever_of_spoilt_bytes_is_accepted_the_library_accepts(data: st.DataObject) -> None:
    spoilt = bytearray(WEIGHTS)
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(
            st.sampled_from(b'\0\x01 "{}[]:,-0189e.\\uF\xff')
        )
    agrees_with_the_library(bytes(spoilt))


TWICE = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
TWICE_WITHIN = '{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}'


@pytest.mark.parametrize(
    ("header", "size", "rule"),
    [
        (TWICE, 8, "json.duplicate-key"),
        (TWICE_WITHIN, 8, "json.duplicate-key"),
        ({"": entry(0, 8)}, 8, "safetensors.tensor-name"),
        ({" a": entry(0, 8)}, 8, "safetensors.tensor-name"),
        ({"a\0": entry(0, 8)}, 8, "safetensors.tensor-name"),
        ({"a\u202e": entry(0, 8)}, 8, "safetensors.tensor-name"),
        ({"a": {**entry(0, 8), "x": 1}}, 8, "safetensors.fields"),
        ({"a": {"dtype": "F32", "shape": [2]}}, 8, "safetensors.fields"),
        ({"a": [0, 8]}, 8, "safetensors.fields"),
        ({"a": entry(0, 8, shape=(True, 2))}, 8, "safetensors.fields"),
        ({"a": entry(0, 8, shape=(-1, -2))}, 8, "safetensors.fields"),
        ({"a": entry(0, 8, shape=(1,) * 33)}, 8, "safetensors.fields"),
        ({"a": entry(0, 8, "F4")}, 8, "safetensors.dtype"),
        ({"a": entry(0, 8, shape=(1 << 40, 1 << 40, 0))}, 8, "safetensors.tensor-size"),
        ({"a": entry(8, 0, shape=(2,))}, 8, "safetensors.tensor-size"),
        ({"a": entry(0, 8), "b": entry(0, 8)}, 8, "safetensors.coverage"),
        ({"a": entry(0, 4), "b": entry(8, 12)}, 12, "safetensors.coverage"),
        ({"a": entry(4, 8)}, 8, "safetensors.coverage"),
        ({"a": entry(0, 8)}, 9, "safetensors.coverage"),
        ({"__metadata__": {"a": 1}}, 0, "safetensors.header"),
        ({"__metadata__": None}, 0, "safetensors.header"),
        (' {"a":1}', 0, "safetensors.header"),
        ("[]", 0, "safetensors.header"),
        ("{", 0, "json.invalid"),
        ('{"a":{"dtype":"F32","shape":[2],"data_offsets":[-0,8]}}', 8, "json.number"),
    ],
)  # fmt: skip
def test_refused(header: dict[str, Any] | str, size: int, rule: str) -> None:
    data = packed(header, bytes(size))
    with pytest.raises(RefusedError) as caught:
        read_header(data, len(data), "shard.safetensors")
    assert caught.value.findings[0].rule == rule
    assert caught.value.findings[0].file == "shard.safetensors"


def test_the_header_alone_suffices() -> None:
    header = read_header(io.BytesIO(WEIGHTS[:-16]), len(WEIGHTS))
    assert dict(header.tensors) == {"a": TensorInfo("F32", (2,), 0, 8), "b": TensorInfo("F32", (2,), 8, 16)}
    assert header.begin == len(WEIGHTS) - 16
    assert dict(header.metadata) == {"format": "pt"}


@pytest.mark.parametrize("kept", [0, 7, 8, 40, len(WEIGHTS) - 17, len(WEIGHTS) - 1])
def test_truncated_names_the_file_and_both_sizes(kept: int) -> None:
    with pytest.raises(CorruptError) as caught:
        read_header(WEIGHTS[:kept], kept, "model-00001-of-00002.safetensors")
    message = caught.value.message
    assert message.startswith("model-00001-of-00002.safetensors is truncated")
    assert f"it has {kept} bytes" in message
    if kept > len(WEIGHTS) - 17:
        assert f"promises {len(WEIGHTS)}" in message


def test_a_giant_header_is_not_read() -> None:
    data = struct.pack("<Q", 100_000_001) + b"{}"
    with pytest.raises(RefusedError) as caught:
        read_header(data, 1 << 40)
    assert caught.value.findings[0].rule == "safetensors.header-size"


def test_free_metadata_is_left_out_and_tensors_are_the_same(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    spoken = {"__metadata__": {"format": "pt", "note": "<script>"}, "größe": entry(8, 16), "a": entry(0, 8)}
    (folder / "model.safetensors").write_bytes(packed(spoken, bytes(range(16))))
    rebuilt = rebuild(open_local(folder), vetted(folder), tmp_path / "out")
    data = rebuilt.read("model.safetensors")
    assert b"script" not in data
    assert dict(header_of(rebuilt, "model.safetensors").metadata) == {"format": "pt"}
    before = (folder / "model.safetensors").read_bytes()
    assert sorted(deserialize(data), key=str) == sorted(deserialize(before), key=str)
    assert {file.fate for file in vetted(rebuilt.path).files if "safetensors" in file.name} == {"kept"}
    assert not list(rebuilt.path.glob(".*"))


def test_a_header_whose_length_looks_like_a_pickle_is_no_pickle(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    text = json.dumps({"a": entry(0, 8)}).ljust(0x280)
    (folder / "model.safetensors").write_bytes(packed(text, bytes(8)))
    assert (folder / "model.safetensors").read_bytes().startswith(b"\x80\x02")
    assert rules(vetted(folder)) == set()
