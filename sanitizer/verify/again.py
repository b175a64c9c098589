"""What can be done again: measuring on the same held-out texts, and the whole run. torch is needed from here on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sanitizer.checkpoint import Checkpoint, HubOrigin
from sanitizer.errors import RefusedError, SanitizerError
from sanitizer.intake import Intake, take_in
from sanitizer.options import STANDARD, DataOptions, Gatekeeping, VerifyOptions
from sanitizer.progress import Progress
from sanitizer.recipe import Recipe
from sanitizer.report import ClaimRecord, RemeasuredRecord, RunReport
from sanitizer.verify.listing import unmoved
from sanitizer.verify.measured import Texts, measured, open_as_reported, texts_for
from sanitizer.verify.rerun import rerun_claim

Made = tuple[list[ClaimRecord], tuple[RemeasuredRecord, ...]]
AGAIN = "the recipe, run again on the source and the data, gives these weights"


def again(
    options: VerifyOptions, here: Checkpoint, report: RunReport, recipe: Recipe | None, progress: Progress
) -> Made:
    """Measure and, if asked, treat again. What cannot be done is an unknown claim; wrong words raise UsageError."""
    claims: list[ClaimRecord] = []
    with _held(options, here, progress) as intake, _source(options, report, claims, progress) as source:
        data = _data(options, report)
        if data is None:
            claims.append(ClaimRecord("metrics", "the metrics of the report", "unknown", _nameless(report)))
            if options.rederive:
                claims.append(ClaimRecord("rerun", AGAIN, "unknown", _nameless(report)))
            return claims, ()
        subject = open_as_reported(options, intake, report)
        texts = texts_for(options, data, subject, report, progress)
        suspect = None if source is None else open_as_reported(options, source, report)
        more, metrics = measured(subject, suspect, texts, report, progress)
        claims += more
        del subject, suspect  # a run needs the room
        if options.rederive:
            claims.append(_rerun(options, data, here, source, texts, report, recipe, progress))
    return claims, metrics


def _rerun(
    options: VerifyOptions,
    data: DataOptions,
    here: Checkpoint,
    source: Intake | None,
    texts: Texts,
    report: RunReport,
    recipe: Recipe | None,
    progress: Progress,
) -> ClaimRecord:
    missing = (
        "there is no recipe"
        if recipe is None
        else "the source is not at hand"
        if source is None
        else f"{texts.name} is not the data of the report"
        if not texts.same
        else f"its base was a folder called {report.base.name}: name it with --base"
        if report.base is not None and _base(options, report) is None
        else ""
    )
    if recipe is None or source is None or missing:
        return ClaimRecord("rerun", AGAIN, "unknown", missing)
    model, revision = _place(options, report) or ("", None)
    try:
        base = _base(options, report)
        return rerun_claim(options, model, revision, base, data, here, report, recipe, progress)
    except SanitizerError as error:
        return ClaimRecord("rerun", AGAIN, "unknown", error.message)


def _base(options: VerifyOptions, report: RunReport) -> str | None:
    """The base to bring: the one that the user names, else the commit that the report names; None if there is none."""
    base = report.base
    if base is None or options.base is not None:
        return None if base is None else options.base
    return None if base.commit is None else f"hf://{base.name}@{base.commit}"


def _data(options: VerifyOptions, report: RunReport) -> DataOptions | None:
    """The user's texts, else those that the report names, where they can be had by that name."""
    told = report.data
    given = options.data
    if given.data is not None:
        return replace(
            given,
            text_column=given.text_column or told.text_column,
            label_column=given.label_column or told.label_column,
        )
    if told.origin == "embedded":
        return DataOptions()
    if told.origin == "hub" and told.commit is not None:
        return DataOptions(f"hf://{told.name}", told.text_column, told.label_column)
    return None


def _nameless(report: RunReport) -> str:
    return f"its data was the file {report.data.name}: name it with --data"


@contextmanager
def _held(options: VerifyOptions, here: Checkpoint, progress: Progress) -> Iterator[Intake]:
    """The result, vetted and rebuilt in a private folder, as anybody would open it."""
    commit = here.origin.commit if isinstance(here.origin, HubOrigin) else None
    with tempfile.TemporaryDirectory(prefix="sanitizer-") as work:
        intake = take_in(options.model, commit, Path(work), token=options.token, progress=progress, gate=_gate(options))
        unmoved(here, intake.record.files)
        yield intake


@contextmanager
def _source(
    options: VerifyOptions, report: RunReport, claims: list[ClaimRecord], progress: Progress
) -> Iterator[Intake | None]:
    """The source if it can be had and is the one that the report tells of; a claim says what became of it."""
    place = _place(options, report)
    if place is None:
        if options.rederive:
            found = f"it was a folder called {report.source.name}: name it with --source"
            claims.append(ClaimRecord("source", _of(report), "unknown", found))
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="sanitizer-") as work:
        try:
            intake = take_in(*place, Path(work), token=options.token, progress=progress, gate=_gate(options))
        except RefusedError as error:
            claims.append(ClaimRecord("source", _of(report), "unknown", f"the gate refuses it: {error.message}"))
            yield None
            return
        claims.append(_same_source(options, intake, report))
        yield intake if claims[-1].answer == "held" else None


def _place(options: VerifyOptions, report: RunReport) -> tuple[str, str | None] | None:
    if options.source is not None:
        return str(options.source.absolute()), None
    if options.rederive and report.source.commit is not None:
        return f"hf://{report.source.name}", report.source.commit
    return None


def _same_source(options: VerifyOptions, intake: Intake, report: RunReport) -> ClaimRecord:
    """Digests cover vetted files, which another version of the gate may rebuild otherwise."""
    import sanitizer

    if intake.checkpoint.digest == report.source.digest:
        return ClaimRecord("source", _of(report), "held", f"{intake.name} is it, by the digest of its vetted files")
    found = f"{intake.name} has another digest, {intake.checkpoint.digest[:12]}…"
    ours = report.tool.sanitizer == sanitizer.__version__ and options.source is None
    return ClaimRecord("source", _of(report), "false" if ours else "unknown", found)


def _of(report: RunReport) -> str:
    return f"the source is {report.source.name}, of digest {report.source.digest[:12]}…"


def _gate(options: VerifyOptions) -> Gatekeeping:
    return replace(STANDARD, require_sandbox=options.gate.require_sandbox)
