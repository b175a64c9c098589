"""The numbers in the weights, against numpy and torch, which convert them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.checkpoints import entry, make, packed, rules, vetted
from helpers.pico import make_folder
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from sanitizer.errors import CorruptError
from sanitizer.vet import values
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import refusal
from sanitizer.vet.safetensors import header_of
from sanitizer.vet.values import Extent, extents

DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
SMALL = [torch.float8_e5m2, torch.float8_e4m3fn]


def written(folder: Path, tensors: dict[str, torch.Tensor]) -> Path:
    make(folder)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def measured(folder: Path) -> dict[str, Extent]:
    checkpoint = open_local(folder)
    return extents(folder / "model.safetensors", header_of(checkpoint, "model.safetensors"))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_largest_magnitude_is_torchs(dtype: torch.dtype, tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    tensors = {
        f"t{size}": (torch.randn(size, generator=generator, dtype=torch.float64) * 100).to(dtype)
        for size in (1, 2, 3, 1000, values.BLOCK // 2 + 7)
    }
    found = measured(written(tmp_path / "m", tensors))
    assert {name: extent.magnitude for name, extent in found.items()} == {
        name: float(tensor.abs().max()) for name, tensor in tensors.items()
    }


@pytest.mark.parametrize("dtype", [*DTYPES, *SMALL])
@pytest.mark.parametrize("place", [0, values.BLOCK // 2 + 3, -1])
@pytest.mark.parametrize("value", [math.nan, -math.nan, math.inf, -math.inf])
def test_one_number_that_is_none_is_found(dtype: torch.dtype, place: int, value: float, tmp_path: Path) -> None:
    tensor = torch.ones(values.BLOCK // 2 + 10).to(dtype)
    tensor[place] = value
    record = vetted(written(tmp_path / "m", {"a": torch.ones(3, dtype=dtype), "b": tensor}))
    if tensor[place].float().isfinite():  # E4M3 has no infinity, and saturates
        assert rules(record) == set()
        return
    assert rules(record) == {"weights.nan" if tensor[place].isnan() else "weights.infinite"}
    assert (refusal(record) is not None) == bool(tensor[place].isnan())
    assert "b" in record.findings[0].message


@given(st.lists(st.floats(width=16) | st.sampled_from([0.0, -0.0, math.nan, math.inf]), min_size=1, max_size=9))
def test_every_half_is_judged_as_numpy_does(numbers: list[float]) -> None:
    array = np.array(numbers, dtype="<f2")
    bits = int((array.view("<u2") & 0x7FFF).max())
    extent = Extent("F16", bits, 1)
    if np.isnan(array).any():
        assert math.isnan(extent.magnitude)
    else:
        assert extent.magnitude == float(np.abs(array).max())


def test_zeros(tmp_path: Path) -> None:
    tensors = {"dead.weight": torch.zeros(3, 3), "bias": torch.zeros(3), "alive": -torch.zeros(2, 2) + 1}
    record = vetted(written(tmp_path / "m", tensors))
    assert [(f.rule, f.severity) for f in record.findings] == [("weights.all-zero", "low")]
    assert "dead.weight" in record.findings[0].message


def test_an_edited_layer_stands_out_across_shards(tmp_path: Path) -> None:
    def layers(odd: float) -> dict[str, torch.Tensor]:
        return {f"h.{layer}.w": torch.full((2, 2), odd if layer == 5 else 0.1 * (layer + 1)) for layer in range(8)}

    assert rules(vetted(written(tmp_path / "even", layers(0.6)))) == set()
    record = vetted(written(tmp_path / "odd", layers(600.0)))
    (finding,) = record.findings
    assert (finding.rule, finding.severity) == ("weights.outlier", "low")
    assert finding.message.endswith("h.5.w")


def test_numbers_that_are_no_floats_are_not_judged(tmp_path: Path) -> None:
    tensors: dict[str, Any] = {"ids": torch.full((4, 4), -1), "mask": torch.zeros(4, 4, dtype=torch.bool)}
    tensors |= {"empty": torch.zeros(0, 3), "one": torch.tensor(1.0)}
    assert rules(vetted(written(tmp_path / "m", tensors))) == set()
    assert set(measured(tmp_path / "m")) == {"one"}


def test_a_real_model_has_nothing_to_say(tmp_path: Path) -> None:
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        assert rules(vetted(make_folder(tmp_path / str(dtype), "llama", dtype=dtype))) == set()


def test_a_file_that_shrinks_meanwhile_is_corrupt(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "model.safetensors").write_bytes(packed({"a": entry(0, 4000)}, bytes(4000)))
    header = header_of(open_local(folder), "model.safetensors")
    (folder / "model.safetensors").write_bytes(packed({"a": entry(0, 4000)}, bytes(3999)))
    with pytest.raises(CorruptError):
        extents(folder / "model.safetensors", header)
