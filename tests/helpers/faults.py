"""A process that imports everything once and forks for every try, so that each can be killed, or find its disk full.

Faults come by an audit hook, which Python calls before it opens, makes, moves or removes anything: what is tested
knows nothing of them. What a library in another language writes by itself lies between two such steps.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

Fault = Literal["none", "kill", "full"]
_MOVES = ("os.rename", "os.mkdir", "os.chmod", "os.remove", "os.rmdir", "shutil.rmtree", "os.truncate")
_NEEDS_SPACE = ("open", "os.mkdir")
CRASHED = 99


class Forks:
    """`code` defines `work()`. Steps are counted on whatever lies in `place`."""

    def __init__(self, code: str, place: Path) -> None:
        words = [sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv[1]); from helpers.faults import serve"]
        words[-1] += "; serve(sys.argv[2], sys.argv[3])"
        root = str(Path(__file__).parents[2])
        self._process = subprocess.Popen(
            [*words, str(Path(__file__).parents[1]), code, str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"},
            text=True,
        )

    def tries(self, fault: Fault = "none", at: int = 0, *, after: float = 0.0, times: int = 1) -> list[tuple[int, int]]:
        """Exit status (below 0: the signal) and steps taken (0 if killed) of some processes at once.

        The fault comes at the step `at`, from 1, or a kill some seconds `after` the beginning.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([fault, at, after, times]) + "\n")
        self._process.stdin.flush()
        return [tuple(pair) for pair in json.loads(self._process.stdout.readline())]

    def close(self) -> None:
        self._process.communicate(timeout=60)


@contextmanager
def forks(code: str, place: Path) -> Iterator[Forks]:
    """The process, ended afterwards."""
    made = Forks(code, place)
    try:
        yield made
    finally:
        made.close()


def serve(code: str, place: str) -> None:
    """Fork as asked on stdin, one line at a time, until it ends."""
    names: dict[str, Any] = {}
    exec(code, names)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        fault, at, after, times = json.loads(line)
        print(json.dumps(_all(names["work"], place, fault, at, after, times)), file=answers, flush=True)


def _all(work: Callable[[], object], place: str, fault: Fault, at: int, after: float, times: int) -> Sequence[Any]:
    started = []
    for _ in range(times):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _one(work, place, fault, at, after, writer)
        os.close(writer)
        started.append((child, reader))
    found = []
    for child, reader in started:
        with os.fdopen(reader) as stream:
            steps = stream.read()
        found.append((os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), int(steps or 0)))
    return found


def _one(work: Callable[[], object], place: str, fault: Fault, at: int, after: float, writer: int) -> None:
    from sanitizer.errors import SanitizerError

    steps = 0

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal steps
        if not _changes(event, args, place):
            return
        steps += 1
        if fault == "kill" and steps == at:
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "full" and steps >= at and event in _NEEDS_SPACE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    code = 0
    try:
        if after:
            # SIGALRM by default ends a process on the spot, as SIGKILL does; a child of its own could not be timed.
            signal.setitimer(signal.ITIMER_REAL, after)
        sys.addaudithook(hook)
        work()
    except SanitizerError as error:
        code = error.exit_code
    except BaseException:
        traceback.print_exc()
        code = CRASHED
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.write(writer, str(steps).encode())
        os._exit(code)


def _changes(event: str, args: tuple[Any, ...], place: str) -> bool:
    if event == "ctypes.dlsym":
        return args[1] == "renameat2"
    if event == "open":
        name, mode, flags = args
        if isinstance(name, int) or not (set(mode or "") & set("wxa+") or flags & (os.O_WRONLY | os.O_RDWR)):
            return False
    elif event not in _MOVES:
        return False
    return isinstance(args[0], str | bytes | os.PathLike) and str(Path(os.fsdecode(args[0])).absolute()).startswith(
        place
    )
