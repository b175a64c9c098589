"""What many checkpoints cost on some nodes: a seeded simulation on top of measured seconds. No torch.

    python tests/benchmarks/simulation.py cards/scaling/results.json

Assumed, not measured: checkpoints have between `SMALLEST` and `LARGEST` numbers, evenly in the logarithm; each is
fetched over a node's own line; a node works on one at a time and takes the next from one queue; some fail once and are
begun again. Measured: the processor's seconds of every stage by size, taken as a constant plus a part that
grows with the size.
"""

from __future__ import annotations

import heapq
import json
import math
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

CHECKPOINTS, NODES = 10_000, (1, 10, 100)
SMALLEST, LARGEST = 2.0e7, 7.0e9
BYTES_PER_SECOND = 125e6
"""A gigabit line for each node."""
FAILING = 0.02
"""Share that is begun again once."""
DOLLARS_PER_NODE_HOUR = 0.10
LEFT_OUT = frozenset({"nothing", "apply"})
"""Stages that are no part of a run."""


def fitted(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """(a, b) of seconds = a + b * numbers, neither below zero, by least squares of relative errors."""
    rows = [(size, max(seconds, 1e-3)) for size, seconds in points]
    weights = [seconds**-2 for _, seconds in rows]
    total = sum(weights)
    mean_x, mean_y = (
        sum(weight * row[axis] for weight, row in zip(weights, rows, strict=True)) / total for axis in (0, 1)
    )
    paired = list(zip(weights, rows, strict=True))
    spread = sum(weight * (x - mean_x) ** 2 for weight, (x, _) in paired)
    slope = max(0.0, sum(weight * (x - mean_x) * (y - mean_y) for weight, (x, y) in paired) / spread)
    constant = mean_y - slope * mean_x
    return (
        (constant, slope)
        if constant >= 0
        else (0.0, sum(w * x * y for w, (x, y) in paired) / sum(w * x * x for w, (x, _) in paired))
    )


def durations(laws: Mapping[str, tuple[float, float]], *, count: int, seed: int) -> list[float]:
    """Seconds of one node for each checkpoint, fetching and failures included."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        numbers = math.exp(rng.uniform(math.log(SMALLEST), math.log(LARGEST)))
        work = sum(constant + slope * numbers for constant, slope in laws.values()) + 2 * numbers / BYTES_PER_SECOND
        found.append(work * (1 + (rng.random() < FAILING)))
    return found


def makespan(jobs: Sequence[float], nodes: int) -> float:
    """Seconds until the last of the jobs is done, where each node takes the next one of the queue when it is free."""
    free = [0.0] * nodes
    for job in jobs:
        heapq.heapreplace(free, free[0] + job)
    return max(free)


def simulate(results: Mapping[str, object], *, seed: int = 0) -> dict[str, object]:
    """Wall-clock and node hours for each number of nodes."""
    points: dict[str, list[tuple[float, float]]] = {}
    for row in results["measurements"]:  # type: ignore[attr-defined]
        points.setdefault(row["stage"], []).append((row["parameters"], row["processor_seconds"]))
    laws = {stage: fitted(found) for stage, found in points.items() if stage not in LEFT_OUT}
    jobs = durations(laws, count=CHECKPOINTS, seed=seed)
    hours = sum(jobs) / 3600
    return {
        "seed": seed,
        "checkpoints": CHECKPOINTS,
        "numbers": [SMALLEST, LARGEST],
        "bytes_per_second": BYTES_PER_SECOND,
        "failing": FAILING,
        "dollars_per_node_hour": DOLLARS_PER_NODE_HOUR,
        "laws": {stage: {"constant": constant, "slope": slope} for stage, (constant, slope) in laws.items()},
        "nodes": [
            {
                "nodes": nodes,
                "hours": makespan(jobs, nodes) / 3600,
                "node_hours": hours,
                "busy": hours / (makespan(jobs, nodes) / 3600 * nodes),
                "dollars": hours * DOLLARS_PER_NODE_HOUR,
            }
            for nodes in NODES
        ],
    }


if __name__ == "__main__":
    print(json.dumps(simulate(json.loads(Path(sys.argv[1]).read_text())), indent=2))
