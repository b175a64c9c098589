"""Processes of which none outlives this one: with a time limit, their peak memory, and one line for an error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import sanitizer
from sanitizer.errors import IncompleteError
from sanitizer.text import clean

INTERRUPTED = (130, -signal.SIGINT)
LONGEST_LINE = 300
# On macOS the system counts bytes, elsewhere kilobytes.
MEMORY_UNIT = 1 if sys.platform == "darwin" else 1024


class KilledError(IncompleteError):
    """A process that somebody else killed, most often the system for want of memory: it may be worth another try."""


@dataclass(frozen=True)
class Ended:
    """Exit code, stdout, seconds by the clock and of processors, and the most memory ever held, in bytes."""

    code: int
    output: str
    seconds: float
    cpu_seconds: float
    memory: int


class Children:
    """Starts Python processes, which have so many threads each, or OMP_NUM_THREADS if set, and no Hub unless told so.

    `stop` ends those that run and lets no more begin.
    """

    def __init__(self, threads: int) -> None:
        package = str(Path(sanitizer.__file__).parent.parent)
        paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
        own = {"PYTHONPATH": os.pathsep.join(paths), "HF_HUB_OFFLINE": "1"}
        self._env = {"OMP_NUM_THREADS": str(threads), **os.environ, **own}
        self._lock = threading.Lock()
        self._live: set[subprocess.Popen[bytes]] = set()
        self._stopped = threading.Event()

    def run(
        self,
        words: Sequence[str],
        folder: Path,
        *,
        log: Path,
        timeout: float,
        accepted: Sequence[int],
        env: Mapping[str, str] = MappingProxyType({}),
    ) -> Ended:
        """`python -m WORDS` in `folder`, stderr to `log`; `env` is added to its surroundings.

        Raises IncompleteError with the last line of the log for an exit code that is not accepted, for a process that
        was killed (KilledError) and for one that took too long; KeyboardInterrupt for one that was interrupted.
        """
        # Whatever a killed process leaves behind goes away with the folder.
        surroundings = {**self._env, **env, "TMPDIR": str(folder.resolve())}
        # -P: nothing that lies in the folder is imported.
        command = [sys.executable, "-P", "-m", "sanitizer.engines.tether", str(os.getpid()), *words]
        began, late = time.monotonic(), threading.Event()
        with log.open("ab") as stderr, (folder / "stdout").open("w+b") as stdout:
            with self._lock:
                if self._stopped.is_set():
                    raise KeyboardInterrupt
                process = subprocess.Popen(  # noqa: S603  our own interpreter and words
                    command, cwd=folder, env=surroundings, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
                )
                self._live.add(process)

            def overdue() -> None:
                late.set()
                process.kill()

            timer = threading.Timer(timeout, overdue)
            timer.start()
            try:
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            finally:
                timer.cancel()
                if process.returncode is None:
                    process.kill()
                    process.wait()
                with self._lock:
                    self._live.discard(process)
            stdout.seek(0)
            output = stdout.read().decode("utf-8", "replace")
        code = process.returncode
        if self._stopped.is_set() or code in INTERRUPTED:
            raise KeyboardInterrupt
        if code not in accepted:
            if late.is_set():
                raise IncompleteError(f"took longer than {timeout:.0f} s")
            if code < 0:
                name = signal.Signals(-code).name
                kind = KilledError if -code in (signal.SIGKILL, signal.SIGTERM) else IncompleteError
                raise kind(f"killed ({name}){', most likely out of memory' if name == 'SIGKILL' else ''}")
            raise IncompleteError(_last_line(log) or f"exit code {code}")
        return Ended(
            code=code,
            output=output,
            seconds=time.monotonic() - began,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            memory=usage.ru_maxrss * MEMORY_UNIT,
        )

    def pause(self, seconds: float) -> None:
        """Wait, unless they are stopped."""
        self._stopped.wait(seconds)

    def stop(self) -> None:
        """End everything at once."""
        with self._lock:
            self._stopped.set()
            for process in self._live:
                process.kill()


def _last_line(log: Path) -> str:
    lines = [clean(line) for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    said = [line for line in lines if line.startswith("error: ")] or [line for line in lines if line]
    return said[-1].removeprefix("error: ")[:LONGEST_LINE] if said else ""
