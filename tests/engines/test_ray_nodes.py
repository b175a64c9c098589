"""Ray over two nodes, one of which is lost with everything on it while it does a task."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from helpers.clusters import below, kill_all, two_nodes
from helpers.processes import ends
from helpers.sleepers import Sleeper

from sanitizer.engines.engine import Done, Lost, Need
from sanitizer.engines.ray import Ray

TASKS = 4


@pytest.mark.slow
@pytest.mark.timeout(1800)  # Ray starts many processes, and notices after a while that a node is gone
def test_the_task_of_a_lost_node_is_done_by_the_other(tmp_path: Path) -> None:
    with two_nodes() as nodes:
        engine = Ray(Need()).each(Sleeper(tmp_path, 4.0), range(TASKS))
        done: list[Done[int, tuple[int, str]]] = [next(engine)]
        lost = at_last(nodes, tmp_path)
        of_the_lost = below(lost)
        kill_all(lost)
        done += engine
        results = {one.task: one.result for one in done}
        assert len(done) == len(results) == TASKS
        assert all(not isinstance(result, Lost) and result[1] == f"{3 * task}\n" for task, result in results.items())
        (again,) = (one for one in done if one.lost)
        assert again.lost == 1, "what the machine had left in it was enough to do it at the second try"
        assert not isinstance(again.result, Lost)
        assert again.result[0] not in of_the_lost
        begun = {int(path.name.split("-")[1]) for path in tmp_path.glob(f"{again.task}-*")}
        assert begun & of_the_lost, "the lost node had begun it"
        assert all(map(ends, of_the_lost)), "nothing of it goes on beside the second try"


def at_last(nodes: tuple[int, ...], place: Path, *, within: float = 600.0) -> int:
    """The node that has just begun the last task: what began earlier may be done, with its result on the way.

    Raises AssertionError if none ever does.
    """
    until = time.monotonic() + within
    while True:
        begun = {int(path.name.split("-")[1]) for path in place.glob(f"{TASKS - 1}-*")}
        for node in nodes:
            if begun & below(node):
                return node
        assert time.monotonic() < until, "no node is at work"
        time.sleep(0.02)
