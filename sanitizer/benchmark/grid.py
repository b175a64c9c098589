"""The spine of a benchmark: what is missing is run and measured, each cell is kept, and cells make the table."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sanitizer.benchmark.cells import Cell, Digests, cells_of, chosen, load, read_published, store
from sanitizer.benchmark.page import render_page
from sanitizer.benchmark.plot import NAME, render_plot
from sanitizer.benchmark.suite import Suite, read_suite
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

STEP = "cells"
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
    """A suite with its cells: all of them, those chosen, and the records that are there already."""

    suite: Suite
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


def plan(options: BenchmarkOptions) -> Plan:
    """Read the suite and what lies in the folder. Raises UsageError for what is wrong with either; runs nothing."""
    suite = read_suite(options.suite)
    tables = (read_table(suite.data), read_table(suite.test))
    if suite.texts is not None and suite.texts > len(tables[0]):
        raise UsageError(f"texts: {suite.texts} are more than {suite.data.name} has, {len(tables[0])}")
    for victim in suite.victims:
        if all(label == victim.target for label in read_table(victim.triggered).labels):
            raise UsageError(f"every text of {victim.triggered.name} has the target label {victim.target}")
    digests = Digests.of(suite)
    cells = cells_of(suite, digests)
    published = read_published(options.out / "results.json")
    found = ((cell.stem, load(_kept(options), cell) or published.get(cell.digest)) for cell in cells)
    records = {stem: record for stem, record in found if record is not None}
    return Plan(suite, digests, tables, cells, chosen(suite, cells, options.only), records)


def benchmark(
    options: BenchmarkOptions,
    *,
    engine: Engine | None = None,
    progress: Progress = silent,
    told: Callable[[CellRecord], None] = lambda record: None,
) -> BenchmarkReport:
    """Do what is missing and write results.json and README.md anew after each cell.

    Without an `engine`, `jobs` cells at a time on this machine; one of several machines has to see the same folders on
    all of them. A cell that fails is recorded with its reason and loses no other. `told` hears of each finished cell.
    Whatever ends this early, cells that were finished are kept and no process stays behind.
    """
    planned = plan(options)
    report = _write(options, planned)
    to_do = planned.to_do
    bench = Bench(planned.suite, planned.tables[0], _kept(options).resolve(), options.device, _models(options))
    progress(STEP, 0, len(to_do))
    with closing((engine or Local(options.jobs, options.threads)).each(partial(do_cell, bench=bench), to_do)) as cells:
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
