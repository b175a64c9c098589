"""Randomness that comes from a caller's generator: the global state, which dropout draws from, and Python's own."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def seeded(device: torch.device, *, generator: torch.Generator) -> Iterator[None]:
    """Within this context torch's global state is seeded from `generator`; afterwards it is what it was."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        yield


def seeded_random(generator: torch.Generator) -> random.Random:
    """Python's random numbers, seeded from `generator`."""
    return random.Random(int(torch.randint(2**31, (), generator=generator)))  # noqa: S311  for experiments, no secrets


def random_states(device: torch.device) -> dict[str, Tensor]:
    """The global states that a computation on this device draws from: the CPU's, and a CUDA device's own."""
    states = {"cpu": torch.random.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_random_states(device: torch.device, states: Mapping[str, Tensor]) -> None:
    """Go on where `random_states` was taken."""
    torch.random.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
