"""Stored tensors as arrays, against torch and the safetensors library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from sanitizer.errors import CorruptError, UnsupportedError
from sanitizer.vet import arrays
from sanitizer.vet.arrays import blocks, numbers, whole
from sanitizer.vet.header import Header
from sanitizer.vet.safetensors import read_header

DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool)


def header(path: Path) -> Header:
    with path.open("rb") as stream:
        return read_header(stream, path.stat().st_size)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(7, 5), (11,), (), (3, 2, 4), (1, 9), (0, 4)], ids=str)
def test_numbers_are_those_of_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, shape: tuple[int, ...]
) -> None:
    monkeypatch.setattr(arrays, "BLOCK", 24)  # several blocks, none of them even
    tensor = (torch.randn(shape, generator=torch.Generator().manual_seed(1)) * 9).to(dtype)
    save_file({"a": torch.ones(3), "b": tensor}, tmp_path / "x.safetensors")
    found = whole(tmp_path / "x.safetensors", header(tmp_path / "x.safetensors"), "b")
    assert np.array_equal(found.reshape(shape), tensor.double().numpy())


def test_memory_is_that_of_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "BLOCK", 64)
    save_file({"a": torch.zeros(100, 4)}, tmp_path / "x.safetensors")
    sizes = [block.shape for block in blocks(tmp_path / "x.safetensors", header(tmp_path / "x.safetensors"), "a")]
    assert set(sizes) == {(4, 4)}
    assert len(sizes) == 25


def test_a_file_that_ends_too_early_and_a_format_without_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_file({"a": torch.zeros(8)}, path)
    found = header(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorruptError, match="ends before"):
        list(blocks(path, found, "a"))
    with pytest.raises(UnsupportedError, match="F8_E5M2"):
        numbers(np.zeros((1, 1), dtype="u1"), "F8_E5M2")
