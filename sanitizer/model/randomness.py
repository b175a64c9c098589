"""The global random state, which dropout draws from, lent to a caller's generator for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(device: torch.device, *, generator: torch.Generator) -> Iterator[None]:
    """Within this context torch's global state is seeded from `generator`; afterwards it is what it was."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        yield
