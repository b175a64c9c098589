"""Thirty checkpoints on two workers of Ray, one of which is killed: nothing is lost, and it is the same twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from helpers.clusters import kill_one, two_workers
from helpers.fleets import ANSWERS, BROKEN, HOSTILE, make_fleet

from sanitizer.engines.engine import Need
from sanitizer.engines.ray import Ray
from sanitizer.fleet.kept import JSON
from sanitizer.fleet.operation import FleetOptions, fleet
from sanitizer.fleet.order import Order
from sanitizer.options import VetOptions
from sanitizer.report import CheckpointRecord
from sanitizer.schema import from_json


@dataclass
class Killer:
    """Hears of every checkpoint that is finished, and kills a worker after the fifth."""

    names: list[str] = field(default_factory=list)
    killed: list[int] = field(default_factory=list)

    def __call__(self, record: CheckpointRecord) -> None:
        self.names.append(record.name)
        if len(self.names) == 5:
            self.killed.append(kill_one())


@pytest.mark.slow
@pytest.mark.timeout(3600)  # Ray starts many processes, and a busy machine takes its time
def test_one_of_two_workers_is_killed_and_nothing_is_lost(tmp_path: Path) -> None:
    listed = make_fleet(tmp_path / "models")
    answers = []
    with two_workers():
        for out in ("first", "second"):
            killer = Killer()
            options = FleetOptions(listed, Order.of("vet", VetOptions("")), tmp_path / out, engine="ray")
            report = fleet(options, Ray(Need()), told=killer)
            assert len(killer.killed) == 1
            assert report.counts == ANSWERS
            assert (report.missing, report.exit_code) == ((), 1)
            assert sorted(killer.names) == sorted(record.name for record in report.checkpoints)
            assert sum(record.tries - 1 for record in report.checkpoints) == 1, "the task of the killed worker, again"
            for record in report.checkpoints:
                expected = "refused" if record.name in HOSTILE else "inconclusive" if record.name == BROKEN else "done"
                assert record.answer == expected, record
            assert from_json((tmp_path / out / JSON).read_text(), "fleet") == report
            answers.append([(r.name, r.answer, r.said, r.digest, r.vetting) for r in report.checkpoints])
        assert answers[0] == answers[1]
        names: list[str] = []
        again = fleet(options, Ray(Need()), told=lambda record: names.append(record.name))
        assert names == [BROKEN]
        assert again.counts == ANSWERS
