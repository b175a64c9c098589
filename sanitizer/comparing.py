"""`sanitize compare`: two checkpoints, both vetted and rebuilt first, file by file, tensor by tensor, head by head."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import sanitizer
from sanitizer.checkpoint import HubOrigin
from sanitizer.compare.heads import compare_heads
from sanitizer.compare.settings import compare_settings
from sanitizer.compare.stored import Stored
from sanitizer.compare.tensors import compare_tensors
from sanitizer.errors import CorruptError, UnsupportedError
from sanitizer.intake import Intake, take_in
from sanitizer.options import CompareOptions
from sanitizer.progress import Progress, silent
from sanitizer.report import AnswersRecord, CompareReport, FileDifference, HeadChanges, SideRecord


def compare(options: CompareOptions, *, progress: Progress = silent) -> CompareReport:
    """How they differ. Raises RefusedError for a side of which the gate refuses something that it needs."""
    with tempfile.TemporaryDirectory(prefix="sanitizer-") as work:
        left, right = (
            take_in(model, revision, _made(work, name), token=options.token, progress=progress, gate=options.gate)
            for model, revision, name in (
                (options.left, options.left_revision, "left"),
                (options.right, options.right_revision, "right"),
            )
        )
        stored = Stored.of(left.checkpoint), Stored.of(right.checkpoint)
        notes: list[str] = []
        heads = _heads(*stored, notes, progress)
        same, files = _files(left, right)
        return CompareReport(
            sanitizer=sanitizer.__version__,
            left=_side(left, stored[0]),
            right=_side(right, stored[1]),
            same_files=same,
            files=files,
            settings=compare_settings(left.checkpoint, right.checkpoint),
            tensors=compare_tensors(*stored, progress=progress),
            heads=heads,
            answers=None if options.data.data is None else _answers(options, left, right, progress),
            notes=tuple(notes),
        )


def _made(work: str, name: str) -> Path:
    place = Path(work, name)
    place.mkdir()
    return place


def _side(intake: Intake, stored: Stored) -> SideRecord:
    origin = intake.checkpoint.origin
    hub = origin if isinstance(origin, HubOrigin) else None
    architectures = stored.config.get("architectures")
    try:
        heads: tuple[int, ...] | None = tuple(len(layer.original) for layer in stored.heads().layers)
    except (UnsupportedError, CorruptError):
        heads = None
    return SideRecord(
        name=intake.name,
        revision=hub.revision if hub else None,
        commit=hub.commit if hub else None,
        digest=intake.checkpoint.digest,
        model_type=str(stored.config.get("model_type")),
        architecture=str(architectures[0]) if isinstance(architectures, list) and architectures else "",
        heads=heads,
        parameters=sum(math.prod(shape) for shape in stored.shapes().values()),
        findings=intake.record.findings,
    )


def _heads(left: Stored, right: Stored, notes: list[str], progress: Progress) -> HeadChanges | None:
    try:
        return compare_heads(left, right, progress=progress)
    except (UnsupportedError, CorruptError) as error:
        notes.append(f"heads are not compared: {error.message}")
        return None


def _files(left: Intake, right: Intake) -> tuple[int, tuple[FileDifference, ...]]:
    """How many have equal bytes, and the others. What nobody read has no digest, and is not called equal."""
    ours: Mapping[str, str] = {file.name: file.sha256 for file in left.record.files}
    theirs: Mapping[str, str] = {file.name: file.sha256 for file in right.record.files}

    def differences() -> Iterator[FileDifference]:
        for name in sorted(ours.keys() | theirs.keys()):
            if not ours.get(name) or ours.get(name) != theirs.get(name):
                yield FileDifference(name, ours.get(name), theirs.get(name))

    found = tuple(differences())
    return len(ours.keys() | theirs.keys()) - len(found), found


def _answers(options: CompareOptions, left: Intake, right: Intake, progress: Progress) -> AnswersRecord:
    from sanitizer.compare.answers import compare_answers
    from sanitizer.model.batches import batch_size
    from sanitizer.model.subject import choose_device, choose_dtype, open_subject
    from sanitizer.trust import clean_data

    device = choose_device(options.device)
    dtype = choose_dtype(options.dtype, device)
    one, other = (open_subject(side.checkpoint, device=device, dtype=dtype) for side in (left, right))
    data = clean_data(options.data, (), one.labels, one.task, seed=options.seed, token=options.token, progress=progress)
    size = batch_size(options.batch_size, device)
    return compare_answers(one, other, data, size=size, seed=options.seed, progress=progress)
