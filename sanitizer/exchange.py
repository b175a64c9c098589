"""Two paths change places in one move, so that no moment has neither: renameat2(2) with RENAME_EXCHANGE."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_HERE, _EXCHANGE = -100, 2


def exchange(one: Path, other: Path) -> bool:
    """Whether they changed places. False, with nothing changed, where the system or the file system cannot do it."""
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # a C library without it
        return False
    return rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0  # type: ignore[no-any-return]
