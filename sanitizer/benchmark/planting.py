"""Victims planted on the spot: each by `sanitize redteam plant` in a process of its own, kept by what decides it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sanitizer.benchmark.attempt import Failed, attempt
from sanitizer.benchmark.digests import Digests, stem_of
from sanitizer.benchmark.plant import Plant
from sanitizer.benchmark.suite import Suite, Unplanted, Victim
from sanitizer.engines.children import Children
from sanitizer.report import PlantReport
from sanitizer.schema import from_json, read_kept

NOTES = "sanitizer"
"""The folder of a planted model that has its record and the triggered texts."""


@dataclass(frozen=True)
class Ground:
    """Where victims are planted, by what digests they are named, on which device, and how many seconds one may take."""

    folder: Path
    digests: Digests
    device: str
    timeout: float

    def place(self, victim: Unplanted) -> Path:
        """The folder of the planted model."""
        return self.folder / stem_of(victim.name, digest=self.digests.of_plant(victim.plant))


@dataclass(frozen=True)
class Planted:
    """What came of planting, and the seconds it took by the clock; or why there is nothing."""

    victim: str
    report: PlantReport | None = None
    seconds: float = 0.0
    failed: str | None = None


def found(suite: Suite, ground: Ground) -> Suite:
    """The suite with those victims that are planted already."""
    victims = (_found(victim, ground) if isinstance(victim, Unplanted) else victim for victim in suite.victims)
    return replace(suite, victims=tuple(victims))


def do_plant(victim: Unplanted, children: Children, *, ground: Ground) -> Planted:
    """Plant one. What goes wrong is returned, and what was said then is in a log beside the folder."""
    place = ground.place(victim)
    log = place.with_name(f"{place.name}.log")
    try:
        with attempt(log) as (work, said):
            words = _words(victim.plant, place, ground.device)
            ended = children.run(words, work, log=said, timeout=ground.timeout, accepted=(0,))
            report = from_json(ended.output, "plant")
    except Failed as error:
        return Planted(victim.name, failed=str(error))
    assert isinstance(report, PlantReport)
    if isinstance(_found(victim, ground), Unplanted):
        return Planted(
            victim.name, failed=f"{victim.plant.attack} left no labelled texts: name an attack on classifiers"
        )
    return Planted(victim.name, report, ended.seconds)


def _words(plant: Plant, place: Path, device: str) -> list[str]:
    """What is typed. The columns are those of every file of a suite."""
    words = ["sanitizer", "redteam", "plant", str(plant.model), "--attack", plant.attack]
    for name, value in plant.settings:
        words += ["--set", f"{name}={value}"]
    words += ["--data", str(plant.data), "--text-column", "text", "--label-column", "label"]
    if plant.test is not None:
        words += ["--test", str(plant.test)]
    words += ["--seed", str(plant.seed), "--device", device, "--output", str(place)]
    return [*words, "--force", "--json", "-q"]


def _found(victim: Unplanted, ground: Ground) -> Victim | Unplanted:
    """A model is put in place whole, so that one with a record and triggered texts is a finished one."""
    place = ground.place(victim)
    report = read_kept(place / NOTES / "plant.json", "plant")
    triggered = victim.triggered or place / NOTES / "triggered.tsv"
    if not isinstance(report, PlantReport) or not triggered.is_file() or not (place / "config.json").is_file():
        return victim
    return Victim(victim.name, place, triggered, report.attack.target_label, victim.plant)
