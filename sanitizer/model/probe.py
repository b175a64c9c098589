"""How fast this machine is at what a run mostly does, from a moment of it, and what memory it has left."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from accelerate.utils import get_max_memory
from transformers import AutoModel

BLOCK = 1 << 24
"""Bytes that are hashed."""
ROUNDS = 3
MOST = 1 << 24
"""Numbers of a matrix that is multiplied, or of layers that are passed through: 64 MB in float32."""
WORDS = 8


def seconds_per_number(
    config: Any, device: torch.device, dtype: torch.dtype, *, numbers: int, texts: int, tokens: int
) -> float:
    """Seconds for one number of a layer and one token, in forward passes of so many texts of so many tokens.

    `numbers` are those of a layer. As many layers as make up `MOST`, at least one and at most those there are, with
    random weights and the smallest of vocabularies: whatever a small model does besides multiplying is in it, too.
    """
    small = deepcopy(config)
    small.num_hidden_layers = max(1, min(config.num_hidden_layers, MOST // max(numbers, 1)))
    small.vocab_size, small.pad_token_id, small.bos_token_id, small.eos_token_id = WORDS, 0, 1, 1
    with torch.random.fork_rng(devices=[]):
        model = AutoModel.from_config(small).to(device, dtype).eval()
    ids = torch.full((texts, tokens), WORDS - 1, device=device)

    @torch.no_grad()
    def passed() -> None:
        float(model(ids, use_cache=False).last_hidden_state[0, 0, 0])  # an accelerator has finished when it is here

    layers: int = small.num_hidden_layers
    return _least(passed) / (layers * max(numbers, 1) * ids.numel())


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
    return _least(lambda: float((texts @ weight)[0, 0])) / (weight.numel() * len(texts))


def seconds_per_byte() -> float:
    """Seconds to hash one byte, by the digest that files are named by: the least of three rounds."""
    block = bytes(BLOCK)
    return _least(lambda: hashlib.sha256(block).digest()) / BLOCK


def _least(work: Callable[[], object]) -> float:
    """Seconds of the fastest of three rounds, after a first one that does not count."""
    best = float("inf")
    for round_ in range(ROUNDS + 1):
        began = time.perf_counter()
        work()
        if round_:
            best = min(best, time.perf_counter() - began)
    return best


def free_memory(device: torch.device) -> int:
    """Bytes that are free now: of the accelerator, or of the main memory."""
    there = get_max_memory()
    if device.type == "cuda":
        return int(there.get(device.index or 0, 0))
    return int(there.get(device.type, there.get("cpu", 0)))
