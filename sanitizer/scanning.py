"""`sanitize scan`: what can be seen in the heads of a suspect, and whether inputs are unlike clean ones."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sanitizer.clock import Clock
from sanitizer.gates import leans, unlike
from sanitizer.hub.dataset import load_texts
from sanitizer.model.subject import Subject
from sanitizer.options import DataOptions, ScanOptions
from sanitizer.progress import Progress, silent
from sanitizer.records import data_of, tool_of
from sanitizer.report import InputsRecord, ScanReport
from sanitizer.scan.inputs import scan_inputs
from sanitizer.steps.sized import seen
from sanitizer.steps.suspect import Suspect, opened_suspect, vetted


def scan(options: ScanOptions, *, inputs: DataOptions | None = None, progress: Progress = silent) -> ScanReport:
    """Take a suspect in and look at its heads, and at what they do on `inputs`; nothing is changed or written."""
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="sanitizer-") as work:
        with clock.step("vet"):
            intake, origin = vetted(options, Path(work), progress)
        with clock.step("open"):
            subject, suspect = opened_suspect(options, intake, origin, None, Path(work), progress)
        with clock.step("scan"):
            looked = seen(options, subject, suspect.data, suspect.sizes, progress, base=suspect.base)
        asked = None
        if inputs is not None:
            with clock.step("inputs"):
                asked = _ask(options, inputs, subject, suspect, progress)
    return ScanReport(
        tool=tool_of(subject.device),
        source=suspect.source,
        vetting=intake.record,
        data=data_of(suspect.data),
        scan=looked,
        started=clock.started,
        timings=clock.timings(),
        warnings=(
            *unlike(suspect.base_record),
            *leans(looked, suspect.source.labels),
            *suspect.spread,
            *suspect.sizes.remarks,
        ),
        inputs=asked,
        base=suspect.base_record,
    )


def _ask(
    options: ScanOptions, inputs: DataOptions, subject: Subject, suspect: Suspect, progress: Progress
) -> InputsRecord:
    table = load_texts(inputs.data or "", text_column=inputs.text_column, token=options.token, progress=progress)
    return suspect.sizes.work(
        "inputs",
        lambda size: scan_inputs(
            subject,
            suspect.data,
            table.texts,
            table.provenance,
            model=suspect.intake.checkpoint.digest,
            batch_size=size,
            seed=options.seed,
            progress=progress,
        ),
    )
