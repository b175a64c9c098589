"""Memory in words: what a user lets a device hold, and the errors that say it did not suffice. No torch."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sanitizer.errors import UsageError

FORM = "say it like cuda:0=20GiB,cpu=60GiB; what fits nowhere stays on disk"
_SIZE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([kmgt]?)(i?)b?", re.ASCII | re.IGNORECASE)
_DEVICE = re.compile(r"cpu|mps|cuda:[0-9]{1,3}", re.ASCII | re.IGNORECASE)
_SPOKEN = re.compile(
    r"can't allocate memory|not enough memory|out of memory|CUBLAS_STATUS_ALLOC_FAILED|Cannot allocate memory",
    re.IGNORECASE,
)
"""How a lack of memory is worded where it is a plain RuntimeError: by torch's CPU allocator, MPS, CUDA's libraries."""


def read_size(words: str) -> int:
    """`4GB`, `1.5 GiB`, `500M` or a plain number as bytes, rounded down: GB is 10^9 of them, GiB 2^30; case is ignored.

    Raises UsageError for anything else.
    """
    said = _SIZE.fullmatch(words)
    if said is None or (said[3] and not said[2]):
        raise UsageError(f"{words!r} is no amount of memory", hint="say it like 4GB, 500MB or 1.5GiB")
    return int(float(said[1]) * (1024 if said[3] else 1000) ** " kmgt".index(said[2].lower() or " "))


def read_memory(words: str) -> dict[str, int]:
    """`cuda:0=20GiB,cpu=60GiB` as bytes by device; sizes as `read_size` reads them. Raises UsageError."""
    found: dict[str, int] = {}
    for part in words.split(","):
        device, _, size = part.strip().partition("=")
        if _DEVICE.fullmatch(device) is None:
            raise UsageError(f"{part.strip()!r} is no share of memory", hint=FORM)
        if device.lower() in found:
            raise UsageError(f"{device} is named twice", hint=FORM)
        try:
            found[device.lower()] = read_size(size)
        except UsageError as error:
            raise UsageError(f"{part.strip()!r} is no share of memory", hint=FORM) from error
    return found


def shown(shares: Mapping[str, int]) -> str:
    """As `read_memory` reads it, in whole MB, rounded down."""
    return ",".join(f"{device}={size // 10**6}MB" for device, size in shares.items())


def out_of_memory(error: BaseException) -> bool:
    """Whether memory, of the host or of an accelerator, did not suffice."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's own, not imported here
        return True
    return isinstance(error, RuntimeError) and _SPOKEN.search(str(error)) is not None
