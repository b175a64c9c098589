"""What a process can take from itself before it reads the bytes of a stranger: network, privileges, memory, files.

Linux only, and only as far as the kernel allows it; each function says what holds. Landlock is described in
https://docs.kernel.org/userspace-api/landlock.html, namespaces in unshare(2).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

_NEW_USER, _NEW_NET = 0x1000_0000, 0x4000_0000
_DEATH_SIGNAL, _NO_NEW_PRIVILEGES = 1, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FS_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Version of Landlock -> how many kinds of access it knows; later ones know as many as the last."""
_TCP = 0b11

OPEN_FILES = 64


def limits(memory: int) -> str:
    """At most `memory` bytes of address space, no file written, few files open, no core dump. Empty if one fails."""
    wanted = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    held = {_lower(what, most) for what, most in wanted.items()}  # each of them, whatever becomes of the others
    return "limits on memory and files" if all(held) else ""


def processor(seconds: int) -> str:
    """At most so many seconds of processor time from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    held = _lower(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds)
    return "limit on processor time" if held else ""


def no_network() -> str:
    """A network namespace of its own, which has no interface but a loopback that is down. Empty if it cannot be had."""
    libc = _libc()
    if libc is None:
        return ""
    # Root may have it alone; everybody else through a user namespace of their own.
    for flags in (_NEW_NET, _NEW_USER | _NEW_NET):
        if libc.unshare(flags) == 0:
            return "no network"
    return ""


def no_privileges() -> str:
    """No program run from here on can gain rights, and the end of the parent ends this process."""
    libc = _libc()
    if libc is None:
        return ""
    libc.prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    return "no new privileges" if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0 else ""


def read_only(paths: Iterable[Path]) -> str:
    """Nothing can be read but what lies below `paths`, and nothing written or executed. Empty if it cannot be had."""
    libc = _libc()
    if libc is None:
        return ""
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return ""
    rights = (1 << _FS_RIGHTS.get(version, _FS_RIGHTS[5])) - 1
    attributes = struct.pack("=QQ", rights, _TCP) if version >= 4 else struct.pack("=Q", rights)
    ruleset = libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return ""
    try:
        for path in paths:
            if not path.exists():
                continue
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            allowed = _READ_FILE | (_READ_DIR if path.is_dir() else 0)
            libc.syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", allowed, place), 0)
            os.close(place)
        return "files read-only" if libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0 else ""
    finally:
        os.close(ruleset)


def of_python() -> list[Path]:
    """Where the interpreter and its libraries lie."""
    found = [sys.prefix, sys.base_prefix, *(path for path in sys.path if path)]
    return [Path(path) for path in (*found, "/usr/lib", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache")]


def _lower(what: int, most: int) -> bool:
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    try:
        resource.setrlimit(what, (most, most))
    except (OSError, ValueError):  # some systems have limits that cannot be set
        return False
    return True


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
