"""One cell: the run in one process, the measuring in another, and what both said as a record."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sanitizer.auto import AUTO
from sanitizer.benchmark.attempt import Failed, attempt
from sanitizer.benchmark.cells import Cell, code_digest
from sanitizer.benchmark.estimates import pack
from sanitizer.benchmark.suite import Suite, Victim
from sanitizer.benchmark.tables import Table
from sanitizer.engines.children import Children
from sanitizer.errors import IncompleteError
from sanitizer.report import CellRecord, CellRun, RunReport
from sanitizer.schema import from_json

MEASURE_TIMEOUT = 3600.0
RUN_CODES = (0, 4)
"""A failed gate (4) is a result as well: the model is there, and is measured."""


@dataclass(frozen=True)
class Bench:
    """What every cell needs: the suite, the defenders' texts, and where logs and, if they stay, treated models go."""

    suite: Suite
    data: Table
    logs: Path
    device: str = "auto"
    models: Path | None = None


def record_of(cell: Cell, failed: str | None = None) -> CellRecord:
    """A cell that begins now, or one of which nothing else is known than why it failed."""
    return CellRecord(
        victim=cell.victim.name,
        what=cell.what,
        digest=cell.digest,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        recipe=None if cell.entry is None else cell.entry.name,
        seed=cell.seed,
        failed=failed,
    )


def do_cell(cell: Cell, children: Children, *, bench: Bench) -> CellRecord:
    """Run, if the victim is to be treated, and measure. What goes wrong is on record, and what was said in a log."""
    record, log = record_of(cell), bench.logs / f"{cell.stem}.log"
    try:
        with attempt(log) as (work, said):
            assert isinstance(cell.victim, Victim)
            model, run = (bench.suite.control if cell.what == "control" else cell.victim.model), None
            if cell.entry is not None:
                model, run = work / "result", _run(cell, bench, children, work, said)
            clean, triggered = _measure(model, cell, bench, children, work, said)
            if bench.models is not None and run is not None:
                shutil.copytree(model, bench.models / cell.stem, dirs_exist_ok=True)
    except Failed as error:
        return replace(record, failed=str(error))
    return replace(record, run=run, clean=pack(clean), triggered=pack(triggered))


def _run(cell: Cell, bench: Bench, children: Children, work: Path, log: Path) -> CellRun:
    """`sanitize run` in a process of its own, given the victim and clean texts and nothing else."""
    assert isinstance(cell.victim, Victim) and cell.entry is not None and cell.seed is not None
    bench.data.draw(bench.suite.texts, seed=cell.seed).write(work / "clean.csv")
    if cell.entry.recipe.strategy == AUTO:
        treated_by = {"--strategy": AUTO}
    else:
        (work / "recipe.yaml").write_text(cell.entry.recipe.to_yaml(), encoding="utf-8")
        treated_by = {"--recipe": "recipe.yaml"}
    if cell.entry.base is not None:
        treated_by["--base"] = str(cell.entry.base)
    words = {
        "--data": "clean.csv",
        "--text-column": "text",
        "--label-column": "label",
        **treated_by,
        "--seed": str(cell.seed),
        "--device": bench.device,
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
        timeout=bench.suite.timeout,
        accepted=RUN_CODES,
    )
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


def _measure(model: Path, cell: Cell, bench: Bench, children: Children, work: Path, log: Path) -> tuple[str, str]:
    """Clean and triggered outcomes, by a process that is given the model and what no run was given."""
    assert isinstance(cell.victim, Victim)
    place = work / "measure"
    place.mkdir()
    task = {
        "model": str(model),
        "vet": cell.entry is None,
        "test": str(bench.suite.test),
        "triggered": str(cell.victim.triggered),
        "target": cell.victim.target,
        "device": bench.device,
    }
    (place / "task.json").write_text(json.dumps(task), encoding="utf-8")
    words = ["sanitizer.benchmark.measure"]
    ended = children.run(words, place, log=log, timeout=MEASURE_TIMEOUT, accepted=(0,))
    try:
        found = json.loads(ended.output)
        return found["clean"], found["triggered"]
    except (ValueError, TypeError, KeyError) as error:
        raise IncompleteError("the measuring process did not answer") from error
