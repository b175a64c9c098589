"""A Ray of two workers or of two nodes on this machine, and what can be done to them. Linux alone: it reads /proc."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
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
def two_workers() -> Iterator[str]:
    """A cluster as `ray start --head` makes it, with room for two tasks of one core; this process is connected to it.

    Yields its address. Skips, by name, where Ray is not installed, and where it does not start: its own processes have
    half a minute to find each other, which a busy machine does not always give them.
    """
    with _tried(cpus=2, nodes=0) as (address, _):
        yield address


@contextmanager
def two_nodes() -> Iterator[tuple[int, ...]]:
    """A cluster of a head that does no task and of two nodes with room for one each, all of them on this machine.

    Yields the processes of `ray start` that the nodes are, with everything below each. See `two_workers`.
    """
    with _tried(cpus=0, nodes=2) as (_, nodes):
        yield nodes


@contextmanager
def _tried(*, cpus: int, nodes: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    with ExitStack() as stack:
        stack.enter_context(at_home())
        for left in reversed(range(TRIES)):
            try:
                found = stack.enter_context(_cluster(cpus, nodes))
                break
            except (AssertionError, IncompleteError) as error:
                if not left:
                    pytest.skip(f"Ray did not start here, {TRIES} times: {str(error)[-300:]}")
        yield found


@contextmanager
def at_home() -> Iterator[None]:
    """What Ray needs around it, which is not that of whoever runs the tests. Skips, by name, where it is not installed.

    Its clusters ask for a token that lies in the home, and a process goes by the first one it has read for as long as
    it lives: so there is one home for all of them.
    """
    pytest.importorskip("ray", reason="Ray is not installed: pip install '.[ray]'")
    paths = os.pathsep.join(filter(None, sys.path))  # its workers are to find the helpers
    words = {"HOME": _home(), "PYTHONPATH": paths, "RAY_USAGE_STATS_ENABLED": "0"}
    with mock.patch.dict(os.environ, words):
        yield


@cache
def _home() -> str:
    folder = tempfile.mkdtemp(prefix="home-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def _cluster(cpus: int, nodes: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Its processes, all of which are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="ray-"))  # a socket's path must be short
    address = f"127.0.0.1:{_free_port()}"
    head = ["--head", f"--num-cpus={cpus}", "--node-ip-address=127.0.0.1", f"--port={address.rpartition(':')[2]}"]
    head += [f"--temp-dir={folder}", "--include-dashboard=false"]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        _start(stack, head, folder / "head.log")
        found = []
        for node in range(nodes):
            # Of nodes on one machine each needs an address of its own, and workers on ports that are free.
            words = [f"--address={address}", "--num-cpus=1", f"--node-ip-address=127.0.0.{node + 2}"]
            words += ["--min-worker-port=0", "--max-worker-port=0"]
            found.append(_start(stack, words, folder / f"node-{node}.log"))
        with connected(address):
            yield address, tuple(found)


def _start(stack: ExitStack, words: Sequence[str], log: Path) -> int:
    """`ray start`, and everything it starts, until the stack is closed. Raises AssertionError if it does not start."""
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", *words]
    with log.open("wb") as said:
        node = stack.enter_context(
            subprocess.Popen([*command, "--object-store-memory=100000000"], stdout=said, stderr=said)
        )
    stack.callback(kill_all, node.pid)
    _wait_for(node, log)
    return node.pid


def kill_all(pid: int) -> None:
    """SIGKILL a process and everything below it, as a machine is lost."""
    for each in (pid, *below(pid)):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def _wait_for(node: subprocess.Popen[bytes], log: Path) -> None:
    """Until it has started. Raises AssertionError, with what it said, if it does not."""
    while STARTED not in log.read_bytes():
        assert node.poll() is None, log.read_text(errors="replace")[-3000:]
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def workers(top: int | None = None) -> list[int]:
    """The processes of Ray's workers, below that one or else this one, that have a process at work now."""
    parents = _parents()
    ours = below(os.getpid() if top is None else top)
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


def below(pid: int) -> set[int]:
    """Every process that it started, and that those did."""
    found, parents = {pid}, _parents()
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
