"""Where a model's weights go: whole on one device, or spread over devices, main memory and disk by accelerate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate.utils import get_max_memory
from safetensors import safe_open
from torch import nn

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import UnsupportedError

SHARE = 0.8
"""Of what is free on a device, what weights may take: the rest is for what is computed with them."""


@dataclass(frozen=True)
class Spread:
    """Bytes by device, in accelerate's words (numbers for accelerators, `cpu`), and a folder for what stays on disk.

    Files that were vetted are read where they are; the folder takes weights that are changed.
    """

    most: Mapping[int | str, int]
    folder: Path


def choose_spread(
    name: str, most: Mapping[str, int] | None, folder: Path, *, need: int, free: Mapping[int | str, int] | None = None
) -> Spread | None:
    """None: whole on one device. `name` is the device as the user says it, `need` the bytes of all weights.

    With `most`, bytes by device, that is what there is, and what does not fit is left on disk. Without, and with
    `auto`, the model is spread where it does not fit into 0.8 of what is `free` (None: ask) on the first device.
    Raises UnsupportedError for a device that is not there.
    """
    if most is not None:
        return Spread({_number(device): size for device, size in most.items()}, folder)
    if name != "auto":
        return None
    there = {device: int(SHARE * size) for device, size in (get_max_memory() if free is None else free).items()}
    if need <= next(iter(there.values()), need):
        return None
    return Spread(there, folder)


def weight_bytes(checkpoint: Checkpoint, dtype: torch.dtype) -> int:
    """Bytes that the stored weights take in this precision, from headers alone."""
    numbers = 0
    for name in checkpoint.files:
        if name.endswith(".safetensors"):
            with safe_open(checkpoint.path / name, framework="pt") as stored:
                numbers += sum(math.prod(stored.get_slice(key).get_shape()) for key in stored.keys())  # noqa: SIM118
    return numbers * dtype.itemsize


def home_of(placed: Mapping[str, int | str | torch.device]) -> torch.device:
    """Where a spread model takes its inputs: its first accelerator, or the CPU if it has none."""
    numbered = [device for device in placed.values() if isinstance(device, int)]
    return torch.device(min(numbered)) if numbered else torch.device("cpu")


def spread_over(model: nn.Module) -> Mapping[str, int | str | torch.device]:
    """What accelerate put where, by the names of modules; empty for a model that is whole."""
    found = vars(model).get("hf_device_map", {})
    return found if len(set(found.values())) > 1 or "disk" in found.values() else {}


def _number(device: str) -> int | str:
    if device in ("cpu", "mps"):
        return device
    number = int(device.partition(":")[2])
    if number >= torch.cuda.device_count():
        raise UnsupportedError(
            f"--max-memory names {device}, and there are {torch.cuda.device_count()} such devices here",
            hint="`sanitize doctor` shows what there is",
        )
    return number
