"""The cells of a suite: what decides each, under which name it is kept, and which are done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sanitizer
from sanitizer import __version__
from sanitizer.benchmark.digests import Digests, digest, stem_of
from sanitizer.benchmark.suite import Entry, Suite, Unplanted, Victim, plugins_of
from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.errors import CorruptError
from sanitizer.plugins import unknown
from sanitizer.report import CellRecord
from sanitizer.schema import from_json, read_kept, write_report

What = Literal["treated", "untreated", "control"]


@dataclass(frozen=True)
class Cell:
    """One thing to do: `treated` has a recipe and a seed, the others have neither."""

    what: What
    victim: Victim | Unplanted
    digest: str
    entry: Entry | None = None
    seed: int | None = None

    @property
    def title(self) -> str:
        """For people: `badnets, pure, seed 0`."""
        if self.entry is None:
            return f"{self.victim.name}, {self.what}"
        return f"{self.victim.name}, {self.entry.name}, seed {self.seed}"

    @property
    def stem(self) -> str:
        """The name of its file, and in every mapping of cells."""
        words = (self.victim.name, *((self.what,) if self.entry is None else (self.entry.name, str(self.seed))))
        return stem_of(*words, digest=self.digest)


def cells_of(suite: Suite, digests: Digests) -> tuple[Cell, ...]:
    """Every cell; victims and control as they are come first, and then whole rounds of one seed each."""
    return tuple(_cells(suite, digests))


def chosen(suite: Suite, cells: Sequence[Cell], only: Sequence[str]) -> tuple[Cell, ...]:
    """The cells of the victims, recipes and seeds named in `only`; a kind of which none is named is there whole.

    Raises UsageError for a name that the suite does not have.
    """
    victims = tuple(victim.name for victim in suite.victims)
    recipes = tuple(entry.name for entry in suite.recipes)
    seeds = tuple(str(seed) for seed in suite.seeds)
    for word in only:
        if word not in (*victims, *recipes, *seeds):
            raise unknown("victim, recipe or seed", word, (*victims, *recipes, *seeds))

    def wanted(name: str, kind: Sequence[str]) -> bool:
        return name in only or not any(word in kind for word in only)

    return tuple(
        cell
        for cell in cells
        if wanted(cell.victim.name, victims)
        and (cell.entry is None or (wanted(cell.entry.name, recipes) and wanted(str(cell.seed), seeds)))
    )


def load(folder: Path, cell: Cell) -> CellRecord | None:
    """The record of a cell, failed ones too; None where there is none, or one of another digest or broken."""
    record = read_kept(folder / f"{cell.stem}.json", "cell")
    return record if isinstance(record, CellRecord) and record.digest == cell.digest else None


def read_published(results: Path) -> dict[str, CellRecord]:
    """By digest, the cells that a results.json holds: whoever clones a finished table need not run it again.

    Cells alone are read, and those that are broken left out: what else is in it is made anew, and may be of another
    version.
    """
    try:
        cells = json.loads(results.read_text(encoding="ascii"))["cells"]
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    found = {}
    for cell in cells if isinstance(cells, list) else ():
        with suppress(CorruptError):
            record = from_json(json.dumps(cell), "cell")
            if isinstance(record, CellRecord):
                found[record.digest] = record
    return found


def store(folder: Path, cell: Cell, record: CellRecord) -> None:
    """Keep a record, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    write_report(record, folder / f"{cell.stem}.json")


def code_digest() -> str:
    """sha256 over the source files of this package as they are now."""
    folder = Path(sanitizer.__file__).parent
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.py")]
    return Checkpoint.of_folder(folder, LocalOrigin(folder.name), names).digest


def _cells(suite: Suite, digests: Digests) -> Iterator[Cell]:
    common = {"version": __version__, "test": digests.files[suite.test]}
    for victim in suite.victims:
        of_victim = digests.of_victim(victim)
        yield Cell("untreated", victim, digest({**common, **of_victim}))
        yield Cell("control", victim, digest({**common, **of_victim, "model": digests.models[suite.control]}))
    for seed in suite.seeds:
        for entry in suite.recipes:
            for victim in suite.victims:
                decides: dict[str, object] = {
                    **common,
                    **digests.of_victim(victim),
                    "data": digests.files[suite.data],
                    "texts": suite.texts,
                    "seed": seed,
                    "recipe": entry.recipe.to_yaml(),
                    # A default that changes is another recipe under the same words.
                    "defaults": [
                        [plugin.name, {parameter.name: parameter.default for parameter in plugin.parameters}]
                        for plugin in plugins_of(entry.recipe)
                    ],
                }
                if entry.base is not None:
                    decides["base"] = digests.models[entry.base]
                yield Cell("treated", victim, digest(decides), entry, seed)
