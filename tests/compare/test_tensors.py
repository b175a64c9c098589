"""Differences of tensors, against closed forms and torch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from helpers.subjects import checkpoint_of
from safetensors.torch import save_file
from torch import Tensor

from sanitizer.compare.stored import Stored
from sanitizer.compare.tensors import compare_tensors
from sanitizer.report import TensorDifference
from sanitizer.vet import arrays


def stored(path: Path, tensors: dict[str, Tensor]) -> Stored:
    path.mkdir()
    save_file(tensors, path / "model.safetensors")
    (path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    return Stored.of(checkpoint_of(path))


def differences(tmp_path: Path, left: dict[str, Tensor], right: dict[str, Tensor]) -> dict[str, TensorDifference]:
    found = compare_tensors(stored(tmp_path / "a", left), stored(tmp_path / "b", right))
    assert found.equal == len(left.keys() | right.keys()) - len(found.differences)
    return {difference.name: difference for difference in found.differences}


def test_norms_are_those_of_torch_however_blocks_fall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "BLOCK", 64)
    rng = torch.Generator().manual_seed(0)
    before = {
        name: torch.randn(9, 7, generator=rng).to(dtype) for name, dtype in (("h", torch.half), ("f", torch.float))
    }
    after = {name: tensor + torch.randn(9, 7, generator=rng).to(tensor.dtype) for name, tensor in before.items()}
    found = differences(tmp_path, before, after)
    for name, one in before.items():
        apart = after[name].double() - one.double()
        assert found[name].relative == pytest.approx(float(apart.norm() / one.double().norm()), rel=1e-12)
        assert found[name].largest == float(apart.abs().max())


def test_what_is_equal_is_equal_bit_by_bit(tmp_path: Path) -> None:
    zeros = {"same": torch.ones(3), "sign": torch.zeros(3), "nan": torch.full((2,), float("nan"))}
    other = zeros | {"sign": -torch.zeros(3)}
    found = differences(tmp_path, zeros, other)
    assert set(found) == {"sign"}, "minus zero has another bit, and is the same number"
    assert (found["sign"].relative, found["sign"].largest) == (0.0, 0.0)


def test_shapes_formats_and_names(tmp_path: Path) -> None:
    left = {"gone": torch.ones(2), "cut": torch.ones(4, 4), "cast": torch.tensor([1.0, 0.5]), "grown": torch.zeros(2)}
    right = {"come": torch.ones(2), "cut": torch.ones(2, 4), "cast": left["cast"].bfloat16(), "grown": torch.ones(2)}
    found = differences(tmp_path, left, right)
    assert found["gone"] == TensorDifference("gone", "left_only", "F32 [2]", None)
    assert found["come"] == TensorDifference("come", "right_only", None, "F32 [2]")
    assert found["cut"] == TensorDifference("cut", "reshaped", "F32 [4, 4]", "F32 [2, 4]")
    assert found["cast"] == TensorDifference("cast", "changed", "F32 [2]", "BF16 [2]", 0.0, 0.0)
    assert found["grown"] == TensorDifference("grown", "changed", "F32 [2]", "F32 [2]", None, 1.0)


def test_numbers_that_are_none_have_no_distance(tmp_path: Path) -> None:
    left = {"inf": torch.tensor([1.0, float("inf")]), "small": torch.ones(2).to(torch.float8_e5m2)}
    right = {"inf": torch.tensor([2.0, float("inf")]), "small": torch.zeros(2).to(torch.float8_e5m2)}
    found = differences(tmp_path, left, right)
    assert {(difference.what, difference.relative) for difference in found.values()} == {("changed", None)}
    assert set(found) == {"inf", "small"}
