"""This machine as an engine: how many at a time, and how it ends."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest

from sanitizer.engines import local
from sanitizer.engines.children import Children
from sanitizer.engines.engine import Done, Need
from sanitizer.engines.local import Local
from sanitizer.errors import UsageError


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "cpus", lambda: 8)
    monkeypatch.setattr(local, "memory", lambda: 10 * 10**9)


@pytest.mark.parametrize(
    ("need", "jobs"),
    [
        (Need(), 8),
        (Need(cpus=3), 2),
        (Need(cpus=8), 1),
        (Need(memory=3 * 10**9), 3),
        (Need(cpus=4, memory=10**9), 2),
    ],
)
def test_as_many_at_a_time_as_the_machine_holds(need: Need, jobs: int) -> None:
    assert Local.with_room_for(need) == Local(jobs, need.cpus)


@pytest.mark.parametrize(
    ("need", "says"),
    [
        (Need(cpus=9), "takes 9 cores, this machine has 8"),
        (Need(memory=11 * 10**9), r"11\.0 GB, this machine has 10\.0"),
        (Need(gpus=1), "dealt out by Ray"),
    ],
)
def test_what_the_machine_does_not_have_is_said(need: Need, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Local.with_room_for(need)


def test_every_task_is_done_once_and_no_more_than_jobs_at_a_time() -> None:
    running, most = [0], [0]
    lock = threading.Lock()

    def work(task: int, children: Children) -> int:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1
        return task * task

    done = sorted(Local(3).each(work, range(10)), key=lambda one: one.task)
    assert done == [Done(number, number * number) for number in range(10)]
    assert most[0] == 3


@pytest.mark.parametrize("how", ["raises", "closed"])
def test_an_early_end_stops_the_others(how: str) -> None:
    began: list[int] = []
    stopped = threading.Event()

    def work(task: int, children: Children) -> int:
        began.append(task)
        if task == 0:
            if how == "raises":
                raise ValueError("no")
            return 0
        children.pause(60)
        stopped.set()
        return task

    with closing(Local(2).each(work, range(9))) as engine:
        if how == "raises":
            with pytest.raises(ValueError, match="no"):
                next(engine)
        else:
            assert next(engine).task == 0
    assert stopped.wait(30)
    assert len(began) < 9
