"""What this process may use of the machine, and where."""

from __future__ import annotations

import os
import re
import resource
import sys
from pathlib import Path

_HIGH_WATER = re.compile(r"^VmHWM:\s*(\d+) kB$", re.MULTILINE)


def cpus() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> int:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def cache_folder() -> Path:
    """Where to keep what can be made again: SANITIZER_CACHE, else `sanitizer` in XDG_CACHE_HOME, else in ~/.cache."""
    own, common = os.environ.get("SANITIZER_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if own:
        return Path(own).expanduser()
    return (Path(common) if common else Path.home() / ".cache") / "sanitizer"


def peak_memory() -> int:
    """Bytes of main memory that this process held at most, so far; its children are not counted.

    Linux hands the maximum of getrusage(2) on to whatever program a process starts, so that a small one started by a
    large one would be told to be large; the high-water mark of /proc (proc_pid_status(5)) begins with the program.
    """
    status = Path("/proc/self/status")
    found = _HIGH_WATER.search(status.read_text(encoding="utf-8")) if status.is_file() else None
    if found is not None:
        return int(found[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
