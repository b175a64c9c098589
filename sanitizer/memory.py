"""Memory in words: what a user lets a device hold, and the errors that say it did not suffice. No torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from sanitizer.errors import UsageError

UNITS = MappingProxyType(
    {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
)
FORM = "say it like cuda:0=20GiB,cpu=60GiB; what fits nowhere stays on disk"
_SHARE = re.compile(r"(cpu|mps|cuda:[0-9]{1,3})=([0-9]{1,9}(?:\.[0-9]{1,6})?)([KMGT]i?B)", re.ASCII | re.IGNORECASE)
_SPOKEN = re.compile(
    r"can't allocate memory|not enough memory|out of memory|CUBLAS_STATUS_ALLOC_FAILED|Cannot allocate memory",
    re.IGNORECASE,
)
"""How a lack of memory is worded where it is a plain RuntimeError: by torch's CPU allocator, MPS, CUDA's libraries."""


def read_memory(words: str) -> dict[str, int]:
    """`cuda:0=20GiB,cpu=60GiB` as bytes by device. Raises UsageError for anything else."""
    found: dict[str, int] = {}
    for part in words.split(","):
        said = _SHARE.fullmatch(part.strip())
        if said is None:
            raise UsageError(f"{part.strip()!r} is no share of memory", hint=FORM)
        device, number, unit = said.groups()
        if device.lower() in found:
            raise UsageError(f"{device} is named twice", hint=FORM)
        found[device.lower()] = int(float(number) * UNITS[unit.upper()])
    return found


def shown(shares: Mapping[str, int]) -> str:
    """As `read_memory` reads it, in whole MB, rounded down."""
    return ",".join(f"{device}={size // UNITS['MB']}MB" for device, size in shares.items())


def out_of_memory(error: BaseException) -> bool:
    """Whether memory, of the host or of an accelerator, did not suffice."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's own, not imported here
        return True
    return isinstance(error, RuntimeError) and _SPOKEN.search(str(error)) is not None
