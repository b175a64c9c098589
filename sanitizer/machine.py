"""What this process may use of the machine, and where."""

from __future__ import annotations

import os
from pathlib import Path


def cpus() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cache_folder() -> Path:
    """Where to keep what can be made again: SANITIZER_CACHE, else `sanitizer` in XDG_CACHE_HOME, else in ~/.cache."""
    own, common = os.environ.get("SANITIZER_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if own:
        return Path(own).expanduser()
    return (Path(common) if common else Path.home() / ".cache") / "sanitizer"
