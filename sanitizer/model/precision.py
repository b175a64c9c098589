"""Which numbers to compute in while training, and tensors that take another precision for a while.

Weights are trained in float32 whatever the model computes in: an AdamW step of 2e-5 is smaller than the distance
between two bfloat16 numbers of the size of a weight, so that rounding would undo nearly every step (Micikevicius et al.
2018, Mixed Precision Training, section 3.1: the master copy).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from sanitizer.options import Dtype


def training_dtype(precision: Dtype, opened: torch.dtype, device: torch.device) -> torch.dtype:
    """What matrices are multiplied in while training.

    `auto` is what the model was opened in, except on a CPU: float32 there, for half precision changes results and only
    some processors gain by it.
    """
    if precision != "auto":
        return getattr(torch, precision)  # type: ignore[no-any-return]
    return torch.float32 if device.type == "cpu" else opened


@contextmanager
def recast(tensors: Mapping[str, Tensor], dtypes: Mapping[str, torch.dtype]) -> Iterator[None]:
    """Within this context the floating-point tensors named in `dtypes` are of that dtype, in place.

    Afterwards they have the dtype they had before, and the rounding of both.
    """
    before = {name: tensors[name].dtype for name in dtypes if tensors[name].is_floating_point()}
    for name in before:
        tensors[name].data = tensors[name].data.to(dtypes[name])
    try:
        yield
    finally:
        for name, dtype in before.items():
            tensors[name].data = tensors[name].data.to(dtype)
