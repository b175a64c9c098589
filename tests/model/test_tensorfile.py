from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file

from sanitizer.errors import CorruptError
from sanitizer.model.tensorfile import content, read_tensors, write_tensors

TENSORS = {
    "odd": torch.arange(5, dtype=torch.uint8),
    "matrix": torch.arange(6.0).reshape(2, 3),
    "turned": torch.arange(6.0).reshape(2, 3).t(),
    "number": torch.tensor(2.5),
    "nothing": torch.empty(0, 3),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "state.safetensors"
    with path.open("wb") as stream:
        write_tensors(stream, TENSORS, {"about": "tests"})
    return path


def test_what_was_written_is_read(path: Path) -> None:
    tensors, facts = read_tensors(path)
    assert facts == {"about": "tests"}
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert torch.equal(tensors[name], tensor)
        assert tensors[name].dtype == tensor.dtype


def test_the_librarys_own_reader_opens_it_and_sees_the_digest(path: Path) -> None:
    loaded = load_file(path)
    assert torch.equal(loaded["turned"], TENSORS["turned"])
    data = path.read_bytes()
    assert bytes(loaded["sha256"].tolist()) == hashlib.sha256(data[:-32]).digest() == data[-32:]
    with safe_open(path, framework="pt") as stored:
        assert stored.metadata() == {"about": "tests"}


@given(st.data())
def test_one_wrong_bit_anywhere_is_seen(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("damage") / "state"
    with path.open("wb") as stream:
        write_tensors(stream, TENSORS, {})
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    with pytest.raises(CorruptError):
        read_tensors(path)


@pytest.mark.parametrize("kept", [0, 8, 31, 32, 100, -1])
def test_a_file_cut_short_is_seen(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CorruptError):
        read_tensors(path)


def test_a_fitting_digest_does_not_make_a_safetensors_file(path: Path) -> None:
    junk = json.dumps({"a": 1}).encode()
    path.write_bytes(junk + hashlib.sha256(junk).digest())
    with pytest.raises(CorruptError):
        read_tensors(path)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.uint8, torch.bool])
def test_content_is_the_numbers_in_order(dtype: torch.dtype) -> None:
    tensor = torch.tensor([[1, 0], [1, 1]]).to(dtype)
    assert torch.frombuffer(bytearray(content(tensor.t())), dtype=dtype).tolist() == tensor.t().flatten().tolist()
