"""How fast this machine is at what a run mostly does, from a moment of it, and what memory it has left."""

from __future__ import annotations

import hashlib
import time

import torch
from accelerate.utils import get_max_memory

BLOCK = 1 << 24
"""Bytes that are hashed."""
ROUNDS = 3
MOST = 1 << 24
"""Numbers of a matrix that is multiplied: 64 MB in float32."""


def seconds_per_product(
    device: torch.device, dtype: torch.dtype, *, width: int, numbers: int, tokens: int, generator: torch.Generator
) -> float:
    """Seconds for one number of a weight and one token, from products as large as those of a layer.

    A layer of so many `numbers` is taken as matrices [width, numbers / width], `MOST` numbers at most; the least of
    three rounds after a first one that does not count.
    """
    width = max(1, min(width, MOST))
    weight = torch.randn(width, max(1, min(numbers, MOST) // width), generator=generator).to(device, dtype)
    texts = torch.randn(max(1, tokens), width, generator=generator).to(device, dtype)
    best = float("inf")
    for round_ in range(ROUNDS + 1):
        began = time.perf_counter()
        answer = texts @ weight
        float(answer[0, 0])  # an accelerator has finished when its answer is here
        if round_:
            best = min(best, time.perf_counter() - began)
    return best / (weight.numel() * len(texts))


def seconds_per_byte() -> float:
    """Seconds to hash one byte, by the digest that files are named by: the least of three rounds."""
    block, best = bytes(BLOCK), float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        hashlib.sha256(block).digest()
        best = min(best, time.perf_counter() - began)
    return best / BLOCK


def free_memory(device: torch.device) -> int:
    """Bytes that are free now: of the accelerator, or of the main memory."""
    there = get_max_memory()
    if device.type == "cuda":
        return int(there.get(device.index or 0, 0))
    return int(there.get(device.type, there.get("cpu", 0)))
