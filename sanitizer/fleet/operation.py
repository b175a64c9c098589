"""The spine of a fleet: what is missing is done, each checkpoint by itself, and all of them make the report."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import sanitizer
from sanitizer.engines.children import Children
from sanitizer.engines.engine import Engine, Lost
from sanitizer.errors import IncompleteError, UsageError
from sanitizer.fleet.identity import commits_of, identity_of
from sanitizer.fleet.kept import FINISHED, load, store, write_all
from sanitizer.fleet.listing import read_list
from sanitizer.fleet.order import Order, key_of
from sanitizer.fleet.work import FOLDER, Job, Outcome, Task, surroundings
from sanitizer.progress import Progress, silent
from sanitizer.report import CheckpointRecord, FleetReport
from sanitizer.source import HubRef, LocalRef, ModelRef

STEP = "checkpoints"
TIMEOUT = 7200.0
RETRIES = 2


@dataclass(frozen=True)
class FleetOptions:
    """`words` are the options of the verb as typed, for the report. `timeout` is that of one try, in seconds."""

    list: Path
    order: Order
    out: Path
    words: tuple[str, ...] = ()
    engine: Literal["local", "ray"] = "local"
    timeout: float = TIMEOUT
    retries: int = RETRIES


@dataclass(frozen=True)
class Plan:
    """Every line of the list as a task, and the records of those that are finished, by stem."""

    job: Job
    tasks: tuple[Task, ...]
    finished: dict[str, CheckpointRecord]

    @property
    def to_do(self) -> tuple[Task, ...]:
        """What is not finished, or was asked otherwise, or is another commit or other files now."""
        return tuple(task for task in self.tasks if task.stem not in self.finished)


def plan(options: FleetOptions, *, children: Children | None = None) -> Plan:
    """Read the list and look at what is there already; no checkpoint is opened.

    Raises UsageError for a list or options that are wrong, IncompleteError where the data cannot be had.
    """
    out, order = options.out.absolute(), options.order
    if out.exists() and not out.is_dir():
        raise UsageError(f"{options.out} is not a folder", hint="choose another --out")
    # A worker need not stand where we do.
    entries = [replace(entry, ref=_whole(entry.ref)) for entry in read_list(options.list)]
    job = Job(order, "", out, options.timeout, options.retries, surroundings())
    if order.verb != "vet":
        wrong = job.check(children or Children(1))
        if wrong.answer != "done":
            raise (UsageError if wrong.usage else IncompleteError)(wrong.said, hint=wrong.hint)
    job = replace(job, digest=order.digest())
    commits = commits_of((entry.ref for entry in entries if isinstance(entry.ref, HubRef)), order.token)
    tasks = tuple(Task(e, commits[e.ref] if isinstance(e.ref, HubRef) else None) for e in entries)
    found = ((task, load(out / FOLDER / task.stem)) for task in tasks)
    finished = {
        task.stem: replace(record, name=task.entry.name, line=task.entry.line)
        for task, record in found
        if record is not None and record.answer in FINISHED and _same(task, record, job)
    }
    return Plan(job, tasks, finished)


def _whole(ref: ModelRef) -> ModelRef:
    return LocalRef(ref.path.resolve()) if isinstance(ref, LocalRef) else ref


def _same(task: Task, record: CheckpointRecord, job: Job) -> bool:
    """Only a folder that was finished once is hashed here: one that nobody gets through holds up no other."""
    now = task.commit if isinstance(task.entry.ref, HubRef) else identity_of(task.entry.ref, None)
    return now is not None and record.key == key_of(job.digest, now)


def fleet(
    options: FleetOptions,
    engine: Engine,
    *,
    progress: Progress = silent,
    told: Callable[[CheckpointRecord], None] = lambda record: None,
) -> FleetReport:
    """Do what is missing and write the report about everything in `out`.

    A checkpoint that is refused, fails, or takes its process down is on record and touches no other. `told` hears of
    each one that is finished now. Whatever ends this early, those are kept, and the report names what is missing.
    """
    planned = plan(options)
    job, to_do = planned.job, planned.to_do
    records = dict(planned.finished)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{options.out} cannot be made: {error.strerror}", hint="choose another --out") from error
    progress(STEP, 0, len(to_do))
    try:
        with closing(engine.each(job, to_do)) as finished:
            for number, done in enumerate(finished, start=1):
                outcome = done.result
                if isinstance(outcome, Lost):
                    outcome = Outcome(replace(job.blank(done.task, outcome.reason), tries=0), None, "")
                record = replace(outcome.record, tries=outcome.record.tries + done.lost)
                store(options.out, replace(outcome, record=record))
                records[done.task.stem] = record
                told(record)
                progress(STEP, number, len(to_do))
    finally:
        report = _report(options, planned, records)
        if records:  # where nothing could begin there is nothing to tell
            write_all(report, options.out, inside=_inside(options.list))
    return report


def _report(options: FleetOptions, planned: Plan, records: dict[str, CheckpointRecord]) -> FleetReport:
    path = options.list
    return FleetReport(
        sanitizer=sanitizer.__version__,
        list=path.as_posix() if _inside(path) else path.name,
        verb=options.order.verb,
        options=options.words,
        engine=options.engine,
        checkpoints=tuple(records[task.stem] for task in planned.tasks if task.stem in records),
        missing=tuple(task.entry.name for task in planned.tasks if task.stem not in records),
    )


def _inside(path: Path) -> bool:
    return not path.is_absolute() and ".." not in path.parts
