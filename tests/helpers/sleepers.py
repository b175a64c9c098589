"""Work for an engine that takes some time and leaves traces: who did what, and in which processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from sanitizer.engines.children import Children


@dataclass(frozen=True)
class Sleeper:
    """Starts a process that says who it is and sleeps; `deaths` is how often its worker kills itself first."""

    place: Path
    seconds: float = 0.0
    deaths: int = 0

    def __call__(self, task: int, children: Children) -> tuple[int, str]:
        folder = self.place / f"{task}-{os.getpid()}-{time.monotonic_ns()}"
        folder.mkdir()
        if len(list(self.place.glob(f"{task}-*"))) <= self.deaths:
            os.kill(os.getpid(), signal.SIGKILL)
        (folder / "child_of_ray.py").write_text(
            f"import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep({self.seconds}); print(3 * {task})"
        )
        env = {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
        ended = children.run(["child_of_ray"], folder, log=folder / "log", timeout=600, accepted=(0,), env=env)
        return os.getpid(), ended.output


class Patient(Sleeper):
    """Sleeps as many seconds as the task says."""

    def __call__(self, task: int, children: Children) -> tuple[int, str]:
        return Sleeper.__call__(Sleeper(self.place, task), task, children)
