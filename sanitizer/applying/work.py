"""The verb: take a model in as every run does, and write it again without the heads of a plan."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sanitizer.applying.headplan import read_plan
from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.files import names_in
from sanitizer.intake import take_in
from sanitizer.options import ApplyOptions
from sanitizer.output import check_place, put_in_place, workspace
from sanitizer.progress import Progress, silent
from sanitizer.report import ApplyReport
from sanitizer.source import LocalRef, parse_model


@dataclass(frozen=True)
class ApplyResult:
    """The record, and where the result is, or would be."""

    report: ApplyReport
    output: Path


def apply(options: ApplyOptions, *, dry_run: bool = False, progress: Progress = silent) -> ApplyResult:
    """Vet a model and write it without the heads that a plan names; no model is built.

    With `dry_run` everything is read and checked, and nothing is written. Raises UsageError for a plan that cannot be
    one for this model, or that was made for other files while `options.other_model` does not allow it, and whatever
    vetting raises; then nothing is written, and what was there before is untouched.
    """
    plan = read_plan(options.plan)
    ref = parse_model(options.model, options.revision)
    local = ref.path if isinstance(ref, LocalRef) else None
    name = ref.path.resolve().name if isinstance(ref, LocalRef) else ref.repo.rpartition("/")[2]
    output = options.output or Path(f"{name}-sanitized")
    check_place(output, force=options.force, source=local)
    with _scratch() if dry_run else workspace(output) as work:
        intake = take_in(
            options.model, options.revision, work, token=options.token, progress=progress, gate=options.gate
        )
        # transformers reads the config, which takes longer than finding out that a plan is none or a model refused.
        from sanitizer.applying.documents import write_documents
        from sanitizer.applying.operation import Operation

        operation = Operation.of(plan, intake, options.layout, other_model=options.other_model)
        if dry_run:
            return ApplyResult(operation.report(), output)
        built = work / "built"
        built.mkdir()
        operation.write(built, progress)
        written = Checkpoint.of_folder(built, LocalOrigin(intake.name), names_in(built))
        report = operation.report(written)
        write_documents(report, built, name=output.name, hashed=written.files)
        put_in_place(built, output, force=options.force)
    return ApplyResult(report, output)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sanitizer-") as work:
        yield Path(work)
