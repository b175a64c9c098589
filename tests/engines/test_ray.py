"""Ray, a real one: what becomes of tasks, and of tasks whose worker is killed."""

from __future__ import annotations

import builtins
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.clusters import kill_one, two_workers
from helpers.processes import ends
from helpers.sleepers import Patient, Sleeper

from sanitizer.engines.children import Children
from sanitizer.engines.engine import Done, Lost, Need
from sanitizer.engines.ray import Ray
from sanitizer.errors import IncompleteError, UsageError

pytestmark = pytest.mark.timeout(1800)  # Ray starts many processes, and a busy machine takes its time


@pytest.fixture(scope="module")
def ray() -> Iterator[None]:
    with two_workers():
        yield


def test_every_task_is_done_once_and_two_at_a_time(ray: None, tmp_path: Path) -> None:
    done = list(Ray(Need()).each(Sleeper(tmp_path, 0.5), range(6)))
    assert sorted((one.task, one.result[1], one.lost) for one in done) == [(n, f"{3 * n}\n", 0) for n in range(6)]
    assert os.getpid() not in {one.result[0] for one in done}
    assert len({one.result[0] for one in done}) == 2
    assert len(list(tmp_path.iterdir())) == 6


def test_this_process_keeps_its_own_print(ray: None) -> None:
    tqdm_ray = pytest.importorskip("ray.experimental.tqdm_ray")
    tqdm_ray.instance()  # Ray does so once a task has shown progress
    assert (builtins.print.__module__, builtins.print.__name__) == ("builtins", "print")


def test_the_task_of_a_worker_that_is_killed_is_done_by_another(ray: None, tmp_path: Path) -> None:
    engine = Ray(Need()).each(Sleeper(tmp_path, 2.0), range(4))
    done: list[Done[int, object]] = [next(engine)]
    killed = kill_one()
    before = {int(path.read_text()) for path in tmp_path.glob(f"*-{killed}-*/pid")}
    done += engine
    assert sorted(one.task for one in done) == [0, 1, 2, 3]
    assert sorted(one.lost for one in done) == [0, 0, 0, 1]
    assert all(not isinstance(one.result, Lost) and one.result[0] != killed for one in done if one.lost)  # type: ignore[index]
    assert before, "the worker that was killed had started something"
    for child in before:
        assert ends(child), "what a lost worker had started goes on beside the second try"


def test_a_task_that_takes_every_worker_down_is_lost_and_no_other_is(ray: None, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (one,) = Ray(Need(), retries=1).each(Sleeper(tmp_path / "bad", deaths=9), [7])
    assert (one.task, one.lost) == (7, 2)
    assert isinstance(one.result, Lost)
    assert "worker was lost" in one.result.reason
    (one,) = Ray(Need(), retries=1).each(Sleeper(tmp_path, deaths=1), [8])
    assert (one.lost, one.result[1]) == (1, "24\n")  # type: ignore[index]


def raises(task: int, children: Children) -> None:
    raise IncompleteError("as it was said", hint="do this")


def test_what_the_work_raises_is_raised(ray: None) -> None:
    with pytest.raises(IncompleteError, match="as it was said") as caught:
        list(Ray(Need()).each(raises, [1]))
    assert caught.value.hint == "do this"


def test_another_version_on_a_node_is_refused(ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sanitizer.engines.ray.__version__", "0.0.0")
    with pytest.raises(IncompleteError, match=r"this machine 0\.0\.0"):
        list(Ray(Need()).each(Sleeper(tmp_path), [1]))


def test_what_a_worker_cannot_import_is_said(ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a node with another version, which lacks a file: what it is sent cannot be read there."""
    (tmp_path / "here_alone.py").write_text("def work(task, children):\n    return task\n")
    monkeypatch.syspath_prepend(tmp_path)
    import here_alone

    with pytest.raises(IncompleteError, match="a worker of the cluster cannot import sanitizer"):
        list(Ray(Need()).each(here_alone.work, [1]))


@pytest.mark.parametrize("need", [Need(cpus=3), Need(gpus=1), Need(memory=10**15)])
def test_what_no_node_has_is_said_and_not_waited_for(ray: None, tmp_path: Path, need: Need) -> None:
    with pytest.raises(UsageError, match="no node of the cluster has what a task takes"):
        next(Ray(need).each(Sleeper(tmp_path), [1]))


def test_closing_it_early_ends_what_runs(ray: None, tmp_path: Path) -> None:
    engine = Ray(Need()).each(Patient(tmp_path), [0, 600])
    assert next(engine).task == 0
    while not (pids := [int(path.read_text() or 0) for path in tmp_path.glob("600-*/pid")]) or not all(pids):
        time.sleep(0.02)
    engine.close()
    assert all(map(ends, pids))


def test_sigterm_stays_ours(ray: None) -> None:
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
