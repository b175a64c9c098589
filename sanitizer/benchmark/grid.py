"""The spine of a benchmark: what is missing is planted, run and measured, cells are kept, and make the table."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sanitizer.benchmark.cells import Cell, cells_of, chosen, load, read_published, store
from sanitizer.benchmark.digests import Digests
from sanitizer.benchmark.page import render_page
from sanitizer.benchmark.planting import Ground, Planted, do_plant, found
from sanitizer.benchmark.plot import NAME, render_plot
from sanitizer.benchmark.suite import Suite, Unplanted, Victim, read_suite
from sanitizer.benchmark.summary import summarise
from sanitizer.benchmark.tables import Table, read_table
from sanitizer.benchmark.work import Bench, do_cell, record_of
from sanitizer.engines.children import Children
from sanitizer.engines.engine import Engine, Lost
from sanitizer.engines.local import Local
from sanitizer.errors import UsageError
from sanitizer.progress import Progress, silent
from sanitizer.report import BenchmarkReport, CellRecord
from sanitizer.schema import write_report

STEP, PLANT_STEP = "cells", "plant"
EXAMPLE_TIMEOUT = 3600.0


@dataclass(frozen=True)
class BenchmarkOptions:
    """`threads` are those of one child; `only` names victims, recipes and seeds."""

    suite: Path
    out: Path
    command: str
    jobs: int = 1
    threads: int = 1
    only: tuple[str, ...] = ()
    device: str = "auto"
    keep_models: bool = False


@dataclass(frozen=True)
class Plan:
    """A suite with its cells: all of them, those chosen, and the records that are there already.

    Of its victims those that are still to be planted are `Unplanted`, and `ground` says where they will be.
    """

    suite: Suite
    ground: Ground
    digests: Digests
    tables: tuple[Table, Table]
    cells: tuple[Cell, ...]
    chosen: tuple[Cell, ...]
    records: dict[str, CellRecord]

    @property
    def to_do(self) -> tuple[Cell, ...]:
        """What is chosen and not done; failed cells are tried again."""
        done = {stem for stem, record in self.records.items() if record.failed is None}
        return tuple(cell for cell in self.chosen if cell.stem not in done)

    @property
    def to_plant(self) -> tuple[Unplanted, ...]:
        """The victims that what is to do waits for."""
        return tuple(dict.fromkeys(cell.victim for cell in self.to_do if isinstance(cell.victim, Unplanted)))


def plan(options: BenchmarkOptions) -> Plan:
    """Read the suite and what lies in the folder. Raises UsageError for what is wrong with either; runs nothing."""
    suite = read_suite(options.suite)
    tables = (read_table(suite.data), read_table(suite.test))
    if suite.texts is not None and suite.texts > len(tables[0]):
        raise UsageError(f"texts: {suite.texts} are more than {suite.data.name} has, {len(tables[0])}")
    for victim in suite.victims:
        _check_texts(victim)
    given = Digests.of(suite)
    ground = Ground((options.out / "victims").resolve(), given, options.device, suite.timeout)
    suite = found(suite, ground)
    digests = Digests.of(suite, given)
    cells = cells_of(suite, digests)
    published = read_published(options.out / "results.json")
    kept = ((cell.stem, load(_kept(options), cell) or published.get(cell.digest)) for cell in cells)
    records = {stem: record for stem, record in kept if record is not None}
    return Plan(suite, ground, digests, tables, cells, chosen(suite, cells, options.only), records)


def benchmark(
    options: BenchmarkOptions,
    *,
    engine: Engine | None = None,
    progress: Progress = silent,
    told: Callable[[CellRecord | Planted], None] = lambda record: None,
) -> BenchmarkReport:
    """Plant and do what is missing, and write results.json and README.md anew after each cell.

    Without an `engine`, `jobs` cells at a time on this machine; one of several machines has to see the same folders on
    all of them. A cell that fails is recorded with its reason and loses no other, and a plant that fails loses its own
    cells. `told` hears of each victim that is planted and each finished cell. Whatever ends this early, what was
    finished is kept and no process stays behind.
    """
    engine = engine or Local(options.jobs, options.threads)
    planned = plan(options)
    if planned.to_plant:
        # Nothing is written before: which cells of a published table are those of these victims is known afterwards.
        failed = _plant(planned, engine, progress, told)
        planned = plan(options)
        for cell in planned.to_do:
            if isinstance(cell.victim, Unplanted):
                planned.records[cell.stem] = record_of(cell, f"not planted: {failed.get(cell.victim.name)}")
    report = _write(options, planned)
    to_do = tuple(cell for cell in planned.to_do if isinstance(cell.victim, Victim))
    bench = Bench(planned.suite, planned.tables[0], _kept(options).resolve(), options.device, _models(options))
    progress(STEP, 0, len(to_do))
    with closing(engine.each(partial(do_cell, bench=bench), to_do)) as cells:
        for number, done in enumerate(cells, start=1):
            cell, record = done.task, done.result
            if isinstance(record, Lost):
                record = record_of(cell, record.reason)
            store(_kept(options), cell, record)
            planned.records[cell.stem] = record
            report = _write(options, planned)
            told(record)
            progress(STEP, number, len(to_do))
    return report


def make_example(folder: Path, children: Children) -> None:
    """The demo's suite in a folder of its own, by a process: this one needs no torch."""
    with tempfile.TemporaryDirectory(prefix="sanitizer-benchmark-") as work:
        words = ["sanitizer.benchmark.example", str(folder.resolve())]
        children.run(words, Path(work), log=Path(work, "log"), timeout=EXAMPLE_TIMEOUT, accepted=(0,))


def _check_texts(victim: Victim | Unplanted) -> None:
    """Raises UsageError for files that cannot be read or measured on, before hours are spent on others."""
    match victim:
        case Victim():
            if all(label == victim.target for label in read_table(victim.triggered).labels):
                raise UsageError(f"every text of {victim.triggered.name} has the target label {victim.target}")
        case Unplanted():
            for path in (victim.plant.data, victim.plant.test, victim.triggered):
                if path is not None:
                    read_table(path)


def _plant(
    planned: Plan, engine: Engine, progress: Progress, told: Callable[[CellRecord | Planted], None]
) -> dict[str, str]:
    """Plant what is missing; returns why it failed, by victim, where it did."""
    victims, failed = planned.to_plant, {}
    progress(PLANT_STEP, 0, len(victims))
    with closing(engine.each(partial(do_plant, ground=planned.ground), victims)) as done:
        for number, one in enumerate(done, start=1):
            result = one.result
            if isinstance(result, Lost):
                result = Planted(one.task.name, failed=result.reason)
            if result.failed is not None:
                failed[result.victim] = result.failed
            told(result)
            progress(PLANT_STEP, number, len(victims))
    return failed


def _kept(options: BenchmarkOptions) -> Path:
    return options.out / "cells"


def _models(options: BenchmarkOptions) -> Path | None:
    return (options.out / "models").resolve() if options.keep_models else None


def _write(options: BenchmarkOptions, planned: Plan) -> BenchmarkReport:
    report = summarise(planned.suite, planned.digests, planned.tables, planned.cells, planned.records, options.command)
    options.out.mkdir(parents=True, exist_ok=True)
    write_report(report, options.out / "results.json")
    (options.out / "README.md").write_text(render_page(report), encoding="utf-8")
    (options.out / NAME).write_text(render_plot(report), encoding="utf-8")
    return report
