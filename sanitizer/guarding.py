"""`sanitize guard`: a stream of inputs past a fitted guard, line by line, and on from where it stopped."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import sanitizer
from sanitizer.clock import Clock
from sanitizer.errors import CorruptError, UsageError
from sanitizer.hub.stream import stream_texts
from sanitizer.intake import Intake, take_in
from sanitizer.model.subject import Subject, choose_device, choose_dtype, open_subject
from sanitizer.options import GuardOptions
from sanitizer.progress import Progress, silent
from sanitizer.records import declared_datasets
from sanitizer.report import GuardRecord, InputRecord, ProgressRecord
from sanitizer.scan.conformal import check_rate
from sanitizer.scan.guard import Guard
from sanitizer.schema import from_json, to_line
from sanitizer.trust import clean_data

CHUNK = 256
"""Inputs held at once; after as many a line of progress is written."""
BATCH = 32

Emit = Callable[[str], None]
"""Takes a line with its end."""


@dataclass(frozen=True)
class Guarded:
    """What was done: the first line, the last one, and how many inputs were looked at now, in how many seconds."""

    header: GuardRecord
    done: ProgressRecord
    looked: int
    seconds: float
    notes: tuple[str, ...]


def guard(
    options: GuardOptions, *, lines: Iterable[str] = (), emit: Emit | None = None, progress: Progress = silent
) -> Guarded:
    """Take a model in, fit or read its guard, and hold every input against it. `lines` are those of `-`.

    Lines go to `emit`, and to the file `options.out` if there is one: a GuardRecord, then each flagged input, and a
    ProgressRecord after every 256 inputs and at the end. A file that was begun under the same GuardRecord goes on
    after its last progress, whatever is behind it; one under another is refused with UsageError. Of a file of inputs,
    those that were looked at are skipped; standard input is taken as new.
    """
    _check_words(options)
    with tempfile.TemporaryDirectory(prefix="sanitizer-") as work:
        intake = take_in(
            options.model,
            options.revision,
            Path(work),
            token=options.token,
            progress=progress,
            gate=options.gate,
        )
        device = choose_device(options.device)
        subject = open_subject(intake.checkpoint, device=device, dtype=choose_dtype(options.dtype, device))
        fitted, notes = _fitted(options, intake, subject, progress)
    header = GuardRecord(
        sanitizer=sanitizer.__version__,
        model=intake.name,
        digest=intake.checkpoint.digest,
        guard=fitted.digest,
        calibrated=len(fitted.calibration),
        fpr=options.fpr,
        inputs="-" if options.inputs == "-" else Path(options.inputs).name,
    )
    clock = Clock()
    texts = stream_texts(options.inputs, column=options.inputs_column, token=options.token, lines=lines)
    with clock.step("guard"):
        if options.out is None:
            start, done = ProgressRecord(0, 0, 0, 0), ProgressRecord(0, 0, 0, 0)
            say = emit or (lambda line: None)
            say(to_line(header))
            done = _watch(options, fitted, subject, texts, start, say, progress)
        else:
            start = _resume(options.out, header)
            with options.out.open("a", encoding="ascii", newline="\n") as stream:

                def write(line: str) -> None:
                    stream.write(line)
                    if emit is not None:
                        emit(line)

                if not stream.tell():
                    write(to_line(header))
                done = _watch(options, fitted, subject, texts, start, write, progress, flush=stream.flush)
    (timing,) = clock.timings()
    return Guarded(header, done, done.inputs - start.inputs, timing.seconds, notes)


def _check_words(options: GuardOptions) -> None:
    check_rate(options.fpr, 10**9)
    for path in (options.out, options.guard):
        if path is not None and not path.absolute().parent.is_dir():
            raise UsageError(f"there is no folder {path.parent}", hint="make it first")


def _fitted(
    options: GuardOptions, intake: Intake, subject: Subject, progress: Progress
) -> tuple[Guard, tuple[str, ...]]:
    digest, counts = intake.checkpoint.digest, subject.anatomy.counts()
    if options.guard is not None and options.guard.exists():
        fitted = Guard.load(options.guard, model=digest, counts=counts)
        check_rate(options.fpr, len(fitted.calibration))
        return fitted, (f"{options.guard.name} was read; no clean data was used",)
    data = clean_data(
        options.data,
        declared_datasets(intake.card),
        subject.labels,
        "causal",  # labels play no part, so none can be wrong
        seed=options.seed,
        token=options.token,
        progress=progress,
    )
    check_rate(options.fpr, len(data.validation))
    fitted = Guard.fit(
        subject,
        data.fit.asked,
        data.validation.asked,
        model=digest,
        batch_size=options.batch_size or BATCH,
        progress=progress,
    )
    if options.guard is not None:
        fitted.save(options.guard)
    clean = fitted.check(
        subject, data.test.asked, fpr=options.fpr, batch_size=options.batch_size or BATCH, progress=progress
    )
    flagged = sum(record.flagged for record in clean)
    return fitted, (
        *data.provenance.notes,
        f"{len(data.fit)} clean texts fitted, {len(data.validation)} calibrated; of {len(clean)} others {flagged} are "
        f"flagged ({100 * flagged / len(clean):.1f} %, asked for: {100 * options.fpr:g} %)",
    )


def _watch(
    options: GuardOptions,
    fitted: Guard,
    subject: Subject,
    texts: Iterator[str | None],
    done: ProgressRecord,
    write: Emit,
    progress: Progress,
    flush: Callable[[], None] = lambda: None,
) -> ProgressRecord:
    # What standard input gave once it does not give again: there counting goes on, and nothing is skipped.
    for _ in islice(texts, 0 if options.inputs == "-" else done.inputs):
        pass
    while chunk := list(islice(texts, CHUNK)):
        records = _looked_at(options, fitted, subject, chunk, done.inputs)
        for record in records:
            if record.flagged:
                write(to_line(record))
        done = ProgressRecord(
            inputs=done.inputs + len(chunk),
            flagged=done.flagged + sum(record.flagged for record in records),
            long=done.long + sum(record.chunks > 1 for record in records),
            empty=done.empty + len(chunk) - len(records),
        )
        write(to_line(done))
        flush()
        progress("guard", done.inputs, 0)
    return done


def _looked_at(
    options: GuardOptions, fitted: Guard, subject: Subject, chunk: Sequence[str | None], start: int
) -> list[InputRecord]:
    """Records of the rows that have a text, numbered as rows."""
    there = [(start + place, text) for place, text in enumerate(chunk) if text is not None]
    records = fitted.check(
        subject, [text for _, text in there], fpr=options.fpr, batch_size=options.batch_size or BATCH
    )
    return [replace(record, index=index) for record, (index, _) in zip(records, there, strict=True)]


def _resume(path: Path, header: GuardRecord) -> ProgressRecord:
    """How far the file came; whatever lies behind its last progress is cut off. Raises UsageError for another one."""
    done, keep, place = ProgressRecord(0, 0, 0, 0), 0, 0
    if not path.exists():
        return done
    first = to_line(header).encode("ascii")
    with path.open("rb") as stream:
        for number, line in enumerate(stream):
            place += len(line)
            if number == 0 and not first.startswith(line):
                raise UsageError(
                    f"{path} was not begun by this model, guard, rate and input",
                    hint="choose another --out, or repeat with what it was begun with (--guard FILE keeps a guard)",
                )
            if not line.endswith(b"\n"):
                break
            found = _progress(line)
            if number == 0 or found is not None:
                done, keep = found or done, place
    with path.open("rb+") as stream:
        stream.truncate(keep)
    return done


def _progress(line: bytes) -> ProgressRecord | None:
    """The record of a line, if it is one of progress."""
    try:
        found = from_json(line.decode("ascii"), "progress")
    except (CorruptError, UnicodeDecodeError):
        return None
    return found if isinstance(found, ProgressRecord) else None
