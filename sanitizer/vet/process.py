"""The start of the worker, apart because it needs nothing: it is under way before its parent has imported the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT")
_BOOT = "import sys; sys.path.insert(0, {root!r}); from {module} import main; main()"

Process = subprocess.Popen[bytes]


def boot(module: str) -> list[str]:
    """The command that runs `main` of one of our modules in an interpreter that trusts no environment."""
    return [sys.executable, "-I", "-c", _BOOT.format(root=str(Path(__file__).resolve().parents[2]), module=module)]


def bare() -> dict[str, str]:
    """An environment without tokens: what an interpreter needs of ours to start, and no more."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def start() -> Process:
    """A worker that waits for its request; `end` it."""
    return subprocess.Popen(  # noqa: S603  our own interpreter and module
        boot("sanitizer.vet.worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={**bare(), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"},
        start_new_session=True,  # Ctrl-C is for us, and we end it
    )


def end(process: Process) -> None:
    """Kill it, if it still lives. Ending it twice does nothing."""
    process.kill()
    process.communicate()


@contextmanager
def started() -> Iterator[Process]:
    """A worker that waits, ended afterwards whether it was used or not."""
    process = start()
    try:
        yield process
    finally:
        end(process)
