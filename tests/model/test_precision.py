from __future__ import annotations

import pytest
import torch

from sanitizer.model.precision import recast, training_dtype
from sanitizer.options import Dtype

CPU, GPU = torch.device("cpu"), torch.device("cuda")
HALF, FULL = torch.bfloat16, torch.float32


@pytest.mark.parametrize(
    ("precision", "opened", "device", "expected"),
    [
        ("auto", FULL, CPU, FULL),
        ("auto", HALF, CPU, FULL),
        ("auto", HALF, GPU, HALF),
        ("auto", FULL, GPU, FULL),
        ("auto", torch.float16, GPU, torch.float16),
        ("bfloat16", FULL, CPU, HALF),
        ("float32", HALF, GPU, FULL),
    ],
)
def test_auto_is_what_the_model_computes_in_and_float32_on_a_cpu(
    precision: Dtype, opened: torch.dtype, device: torch.device, expected: torch.dtype
) -> None:
    assert training_dtype(precision, opened, device) is expected


def test_recast_is_in_place_and_rounds_once_on_the_way_back() -> None:
    half, full, whole = torch.ones(2, dtype=HALF), torch.ones(2), torch.ones(2, dtype=torch.int64)
    same = half
    with recast({"half": half, "full": full, "whole": whole}, {"half": FULL, "whole": FULL}):
        assert (half.dtype, full.dtype, whole.dtype) == (FULL, FULL, torch.int64)
        half += torch.tensor([2**-7 + 2**-20, 2**-20])
    assert same is half
    assert half.dtype is HALF
    assert half.tolist() == [1 + 2**-7, 1.0]


def test_the_dtype_is_put_back_after_an_error_too() -> None:
    half = torch.ones(1, dtype=HALF)
    with pytest.raises(RuntimeError, match="stop"), recast({"half": half}, {"half": FULL}):
        raise RuntimeError("stop")
    assert half.dtype is HALF
