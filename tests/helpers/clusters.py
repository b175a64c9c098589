"""A Ray of two workers on this machine, and what can be done to one of them. Linux alone: it reads /proc."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from unittest import mock

import pytest

from sanitizer.engines.ray import connected
from sanitizer.errors import IncompleteError

NAME = b"ray::_do"
"""What Ray calls a worker while it does a task of ours."""
STARTED = b"Ray runtime started"
TRIES = 3


@contextmanager
def two_workers(home: Path) -> Iterator[str]:
    """A cluster as `ray start --head` makes it, with room for two tasks of one core; this process is connected to it.

    Yields its address. Its token would go into `home`, not into that of whoever runs the tests. Skips, by name, where
    Ray is not installed, and where it does not start: its own processes have half a minute to find each other, which a
    busy machine does not always give them.
    """
    pytest.importorskip("ray", reason="Ray is not installed: pip install '.[ray]'")
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, {"HOME": str(home), "RAY_USAGE_STATS_ENABLED": "0"}))
        for left in reversed(range(TRIES)):
            try:
                address = stack.enter_context(_head())
                break
            except (AssertionError, IncompleteError) as error:
                if not left:
                    pytest.skip(f"Ray did not start here, {TRIES} times: {str(error)[-300:]}")
        yield address


@contextmanager
def _head() -> Iterator[str]:
    """Its processes, all of which are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="ray-"))  # a socket's path must be short
    port = _free_port()
    words = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=2"]
    words += ["--node-ip-address=127.0.0.1", f"--port={port}", f"--temp-dir={folder}"]
    words += ["--include-dashboard=false", "--object-store-memory=100000000"]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with (folder / "log").open("wb") as log, subprocess.Popen(words, env=env, stdout=log, stderr=log) as head:
        try:
            _wait_for(head, folder / "log")
            with connected(f"127.0.0.1:{port}"):
                yield f"127.0.0.1:{port}"
        finally:
            for pid in _below(head.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            head.kill()
    shutil.rmtree(folder, ignore_errors=True)


def _wait_for(head: subprocess.Popen[bytes], log: Path) -> None:
    """Until it has started. Raises AssertionError, with what it said, if it does not."""
    while STARTED not in log.read_bytes():
        assert head.poll() is None, log.read_text(errors="replace")[-3000:]
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def workers() -> list[int]:
    """The processes of Ray's workers, below this one, that have a process at work now."""
    parents = _parents()
    ours = _below(os.getpid())
    return sorted(pid for pid in ours if pid in parents.values() and _command(pid).startswith(NAME))


def kill_one(*, within: float = 600.0) -> int:
    """SIGKILL one that is at work. Raises AssertionError if none ever is."""
    until = time.monotonic() + within
    while not (found := workers()):
        assert time.monotonic() < until, "no worker is at work"
        time.sleep(0.02)
    os.kill(found[0], signal.SIGKILL)
    return found[0]


def _parents() -> dict[int, int]:
    found = {}
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            with suppress(OSError):  # it has ended meanwhile
                found[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def _below(pid: int) -> set[int]:
    found, parents = {pid}, _parents()
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
