"""What a suite points at, by content, and the names of what is kept: so that nothing is taken for what it is not."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from sanitizer import __version__
from sanitizer.benchmark.plant import Plant
from sanitizer.benchmark.suite import Suite, Unplanted, Victim
from sanitizer.checkpoint import Checkpoint, LocalOrigin, digest_file
from sanitizer.redteam.registry import FILES, describe


@dataclass(frozen=True)
class Digests:
    """sha256 of what a suite points at: files by path, models by folder."""

    files: dict[Path, str]
    models: dict[Path, str]

    @classmethod
    def of(cls, suite: Suite, known: Digests | None = None) -> Digests:
        """Hash everything once, and nothing that is `known`."""
        files, models = {suite.data, suite.test}, {suite.control}
        models.update(entry.base for entry in suite.recipes if entry.base is not None)
        for victim in suite.victims:
            if victim.triggered is not None:
                files.add(victim.triggered)
            if isinstance(victim, Victim):
                models.add(victim.model)
            if victim.plant is not None:
                files.update(victim.plant.files)
                models.add(victim.plant.model)
        old = known or cls({}, {})
        return cls(
            {path: old.files.get(path) or digest_file(path).sha256 for path in files},
            {path: old.models.get(path) or _folder(path) for path in models},
        )

    def of_plant(self, plant: Plant) -> str:
        """Covers everything that decides what is planted."""
        given = {name: self.files[Path(value)] if name in FILES else value for name, value in plant.settings}
        return digest(
            {
                "version": __version__,
                "attack": plant.attack,
                "settings": given,
                "defaults": {parameter.name: parameter.default for parameter in describe(plant.attack).parameters},
                "model": self.models[plant.model],
                "data": self.files[plant.data],
                "test": None if plant.test is None else self.files[plant.test],
                "seed": plant.seed,
            }
        )

    def of_victim(self, victim: Victim | Unplanted) -> dict[str, object]:
        """What decides every cell of a victim; of one that is not there yet, how it would be planted."""
        match victim:
            case Victim():
                return {
                    "triggered": self.files[victim.triggered],
                    "target": victim.target,
                    "model": self.models[victim.model],
                }
            case Unplanted():
                triggered = None if victim.triggered is None else self.files[victim.triggered]
                return {"plant": self.of_plant(victim.plant), "triggered": triggered}


def digest(decides: dict[str, object]) -> str:
    """sha256 of a mapping, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def stem_of(*words: str, digest: str) -> str:
    """A name for a file or folder."""
    return "--".join([*(re.sub(r"[^\w.+-]", "-", word) for word in words), digest[:12]])


def _folder(path: Path) -> str:
    names = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]
    return Checkpoint.of_folder(path, LocalOrigin(path.name), names).digest
