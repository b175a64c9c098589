"""The processes that a launcher has started for one run, as it tells each of them: torchrun, or accelerate's.

No torch: what is asked here decides who speaks and what may run, before anything heavy is imported.
"""

from __future__ import annotations

import os


def count() -> int:
    """How many there are; 1 where nobody launched any."""
    return _number("WORLD_SIZE", 1) if "RANK" in os.environ else 1


def rank() -> int:
    """Which one this is, from 0."""
    return _number("RANK", 0) if count() > 1 else 0


def local_rank() -> int:
    """Which one of those on this machine."""
    return _number("LOCAL_RANK", 0) if count() > 1 else 0


def on_cpu() -> bool:
    """Whether `accelerate launch --cpu` asks to leave accelerators alone."""
    return os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes")


def _number(name: str, otherwise: int) -> int:
    word = os.environ.get(name, "")
    return int(word) if word.isdigit() else otherwise
