"""A private folder that a process claims for as long as it lives, so that what a killed one left can be collected.

The claim is flock(2) on the folder itself: the system lets go of it however the process ends, and no process id can be
taken for another's.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_RANDOM = re.compile(r"[a-z0-9_]{8}")
"""What tempfile puts behind the prefix."""


@contextmanager
def claimed(prefix: str, parent: Path) -> Iterator[Path]:
    """A new folder (0700) in `parent`, claimed and gone afterwards. Raises OSError where none can be made."""
    folder, handle = _claim(prefix, parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def collect(prefix: str, parent: Path) -> None:
    """Remove the folders by this prefix that nobody claims any more. What cannot be removed stays."""
    with suppress(OSError):
        for path in list(parent.iterdir()):
            if path.name.startswith(prefix) and _RANDOM.fullmatch(path.name.removeprefix(prefix)):
                with suppress(OSError):
                    _remove_if_left(path)


def _claim(prefix: str, parent: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # collected before it was claimed
            continue
        with suppress(OSError):  # a file system without locks: then nobody collects there either
            fcntl.flock(handle, fcntl.LOCK_EX)
        if folder.exists():
            return folder, handle
        os.close(handle)


def _remove_if_left(path: Path) -> None:
    """Raises OSError (BlockingIOError) for a folder that somebody claims."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(handle).st_uid == os.geteuid():
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(handle)
