"""The spine of a benchmark: what is missing is run and measured, each cell is kept, and cells make the table."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sanitizer.benchmark.cells import Cell, Digests, cells_of, chosen, code_digest, load, store
from sanitizer.benchmark.children import Children, Ended
from sanitizer.benchmark.estimates import pack
from sanitizer.benchmark.page import render_page
from sanitizer.benchmark.suite import Suite, read_suite
from sanitizer.benchmark.summary import summarise
from sanitizer.benchmark.tables import Table, read_table
from sanitizer.errors import IncompleteError, SanitizerError, UsageError
from sanitizer.progress import Progress, silent
from sanitizer.report import BenchmarkReport, CellRecord, CellRun, RunReport
from sanitizer.schema import from_json, write_report

STEP = "cells"
MEASURE_TIMEOUT = 3600.0
RUN_CODES = (0, 4)
"""A failed gate (4) is a result as well: the model is there, and is measured."""


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
    found = ((cell.stem, load(_kept(options), cell)) for cell in cells)
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
    progress(STEP, 0, len(to_do))
    with ThreadPoolExecutor(options.jobs) as pool:
        try:
            futures = {pool.submit(_cell, cell, planned, options, children): cell for cell in to_do}
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
        children.run(words, Path(work), log=Path(work, "log"), timeout=MEASURE_TIMEOUT, accepted=(0,))


def _kept(options: BenchmarkOptions) -> Path:
    return options.out / "cells"


def _write(options: BenchmarkOptions, planned: Plan) -> BenchmarkReport:
    report = summarise(planned.suite, planned.digests, planned.tables, planned.cells, planned.records, options.command)
    options.out.mkdir(parents=True, exist_ok=True)
    write_report(report, options.out / "results.json")
    (options.out / "README.md").write_text(render_page(report), encoding="utf-8")
    return report


def _cell(cell: Cell, planned: Plan, options: BenchmarkOptions, children: Children) -> CellRecord:
    """Run if it is to be treated, then measure. What goes wrong is on record, and its log beside the record."""
    log = _kept(options) / f"{cell.stem}.log"
    record = CellRecord(
        victim=cell.victim.name,
        what=cell.what,
        digest=cell.digest,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        recipe=None if cell.entry is None else cell.entry.name,
        seed=cell.seed,
    )
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="sanitizer-benchmark-") as name:
        work = Path(name)
        try:
            model, run = (planned.suite.control if cell.what == "control" else cell.victim.model), None
            if cell.entry is not None:
                model, run = work / "result", _run(cell, planned, options, children, work, log)
            clean, triggered = _measure(model, cell, planned, options, children, work, log)
            record = replace(record, run=run, clean=pack(clean), triggered=pack(triggered))
            if options.keep_models and cell.entry is not None:
                shutil.copytree(model, options.out / "models" / cell.stem, dirs_exist_ok=True)
        except SanitizerError as error:
            return replace(record, failed=error.message.replace(f"{work}/", ""))
        except OSError as error:
            return replace(record, failed=error.strerror or type(error).__name__)
    log.unlink(missing_ok=True)
    return record


def _run(cell: Cell, planned: Plan, options: BenchmarkOptions, children: Children, work: Path, log: Path) -> CellRun:
    """`sanitize run` in a process of its own, given the victim and clean texts and nothing else."""
    assert cell.entry is not None and cell.seed is not None
    planned.tables[0].draw(planned.suite.texts, seed=cell.seed).write(work / "clean.csv")
    (work / "recipe.yaml").write_text(cell.entry.recipe.to_yaml(), encoding="utf-8")
    words = {
        "--data": "clean.csv",
        "--text-column": "text",
        "--label-column": "label",
        "--recipe": "recipe.yaml",
        "--seed": str(cell.seed),
        "--device": options.device,
        "--output": "result",
    }
    code = code_digest()
    ended = children.run(
        [
            "sanitizer",
            "run",
            str(cell.victim.model),
            *(part for pair in words.items() for part in pair),
            "--json",
            "-q",
        ],
        work,
        log=log,
        timeout=planned.suite.timeout,
        accepted=RUN_CODES,
    )
    return _facts(ended, code)


def _facts(ended: Ended, code: str) -> CellRun:
    report = from_json(ended.output, "report")
    assert isinstance(report, RunReport)
    return CellRun(
        texts=report.data.fit + report.data.validation + report.data.test,
        heads=sum(report.source.heads),
        heads_removed=len(report.heads),
        parameters=report.source.parameters,
        parameters_removed=report.source.parameters - report.parameters_after,
        failed_gates=tuple(f"{gate.name}: {gate.detail}" for gate in report.gates if not gate.passed),
        warnings=report.warnings,
        seconds=ended.seconds,
        cpu_seconds=ended.cpu_seconds,
        memory=ended.memory,
        code=code,
        tool=report.tool,
    )


def _measure(
    model: Path, cell: Cell, planned: Plan, options: BenchmarkOptions, children: Children, work: Path, log: Path
) -> tuple[str, str]:
    """Clean and triggered outcomes, by a process that is given the saved model and what no run was given."""
    place = work / "measure"
    place.mkdir()
    task = {
        "model": str(model),
        "vet": cell.entry is None,
        "test": str(planned.suite.test),
        "triggered": str(cell.victim.triggered),
        "target": cell.victim.target,
        "device": options.device,
    }
    (place / "task.json").write_text(json.dumps(task), encoding="utf-8")
    ended = children.run(["sanitizer.benchmark.measure"], place, log=log, timeout=MEASURE_TIMEOUT, accepted=(0,))
    try:
        found = json.loads(ended.output)
    except ValueError as error:
        raise IncompleteError("the measuring process did not answer") from error
    return found["clean"], found["triggered"]
