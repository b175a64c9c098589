"""The spine of a benchmark: what is missing is run and measured, each cell is kept, and cells make the table."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from sanitizer.benchmark.cells import Cell, Digests, cells_of, chosen, load, read_published, store
from sanitizer.benchmark.children import Children
from sanitizer.benchmark.page import render_page
from sanitizer.benchmark.plot import NAME, render_plot
from sanitizer.benchmark.suite import Suite, read_suite
from sanitizer.benchmark.summary import summarise
from sanitizer.benchmark.tables import Table, read_table
from sanitizer.benchmark.work import Bench, do_cell
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
    options: BenchmarkOptions, *, progress: Progress = silent, told: Callable[[CellRecord], None] = lambda record: None
) -> BenchmarkReport:
    """Do what is missing, `jobs` cells at a time, and write results.json and README.md anew after each.

    A cell that fails is recorded with its reason and loses no other. `told` hears of each finished cell. Whatever ends
    this early, cells that were finished are kept and no process stays behind.
    """
    planned = plan(options)
    report = _write(options, planned)
    to_do = planned.to_do
    children = Children(options.threads)
    bench = Bench(planned.suite, planned.tables[0], children, options.device, _models(options))
    progress(STEP, 0, len(to_do))
    with ThreadPoolExecutor(options.jobs) as pool:
        try:
            futures = {pool.submit(do_cell, cell, bench, _log(options, cell)): cell for cell in to_do}
            for done, future in enumerate(as_completed(futures), start=1):
                cell, record = futures[future], future.result()
                store(_kept(options), cell, record)
                planned.records[cell.stem] = record
                report = _write(options, planned)
                told(record)
                progress(STEP, done, len(to_do))
        except BaseException:
            children.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return report


def make_example(folder: Path, children: Children) -> None:
    """The demo's suite in a folder of its own, by a process: this one needs no torch."""
    with tempfile.TemporaryDirectory(prefix="sanitizer-benchmark-") as work:
        words = ["sanitizer.benchmark.example", str(folder.resolve())]
        children.run(words, Path(work), log=Path(work, "log"), timeout=EXAMPLE_TIMEOUT, accepted=(0,))


def _kept(options: BenchmarkOptions) -> Path:
    return options.out / "cells"


def _log(options: BenchmarkOptions, cell: Cell) -> Path:
    return _kept(options) / f"{cell.stem}.log"


def _models(options: BenchmarkOptions) -> Path | None:
    return options.out / "models" if options.keep_models else None


def _write(options: BenchmarkOptions, planned: Plan) -> BenchmarkReport:
    report = summarise(planned.suite, planned.digests, planned.tables, planned.cells, planned.records, options.command)
    options.out.mkdir(parents=True, exist_ok=True)
    write_report(report, options.out / "results.json")
    (options.out / "README.md").write_text(render_page(report), encoding="utf-8")
    (options.out / NAME).write_text(render_plot(report), encoding="utf-8")
    return report
