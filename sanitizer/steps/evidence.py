"""One report out of what every step of a run found."""

from __future__ import annotations

from collections.abc import Iterator

from sanitizer.clock import Clock
from sanitizer.gates import accuracy_budget, leans, left_out, remarks, unlike, woken
from sanitizer.model.evaluate import Outcomes
from sanitizer.model.measure import agreement, measure
from sanitizer.model.save import needs_loader
from sanitizer.options import RunOptions
from sanitizer.output import files_of
from sanitizer.records import data_of, memory_of, plan_of, tool_of
from sanitizer.report import HeadRecord, RecipeRecord, RunReport, ScanRecord
from sanitizer.resolve import budget_of
from sanitizer.steps.result import Result
from sanitizer.steps.suspect import Suspect
from sanitizer.steps.treatment import Treated


def report_of(
    options: RunOptions,
    suspect: Suspect,
    answers: Outcomes,
    looked: ScanRecord,
    treated: Treated,
    heads: tuple[HeadRecord, ...],
    parameters: int,
    result: Result,
    *,
    said: tuple[str, ...],
    clock: Clock,
) -> RunReport:
    """`answers` and `looked` are of the suspect; `heads` and `parameters` of the treated model; `said` is remarks."""
    subject = result.subject
    before = measure(answers, subject.task, seed=options.seed)
    after = measure(result.answers, subject.task, seed=options.seed)
    kept = (agreement(result.answers, answers),) if subject.task == "classification" else ()
    return RunReport(
        tool=tool_of(subject.device),
        source=suspect.source,
        vetting=suspect.intake.record,
        data=data_of(suspect.data),
        scan=looked,
        recipe=RecipeRecord(
            strategy=treated.strategy,
            prepare=tuple(record.name for record in treated.prepare),
            treatments=tuple(record.name for record in treated.treatments),
            budget=budget_of(treated.budget),
            layout=options.layout,
            seed=options.seed,
            dtype=str(subject.model.dtype).removeprefix("torch."),
            batch_size=suspect.sizes.size,
        ),
        plan=plan_of(treated.plan, before[0].name),
        heads=heads,
        prepare=treated.prepare,
        treatments=treated.treatments,
        before=before,
        after=(*after, *kept),
        parameters_after=parameters,
        needs_loader=needs_loader(result.checkpoint.path),
        gates=(accuracy_budget(before[0], after[0], treated.budget), result.load_back),
        started=clock.started,
        timings=clock.timings(),
        warnings=tuple(_warnings(suspect, looked, treated, result, said)),
        files=files_of(result.checkpoint, suspect.intake.checkpoint),
        scan_after=result.scan,
        decision=treated.decision,
        base=suspect.base_record,
        memory=memory_of(subject.device),
    )


def _warnings(
    suspect: Suspect, looked: ScanRecord, treated: Treated, result: Result, said: tuple[str, ...]
) -> Iterator[str]:
    """What a reader must not miss: of the suspect, of the treatments, of the result, of where it was computed."""
    yield from left_out(suspect.surplus, suspect.source.architecture)
    yield from unlike(suspect.base_record)
    yield from treated.skipped
    yield from said
    yield from leans(looked, suspect.source.labels)
    yield from remarks(treated.plan, treated.budget)
    yield from woken(looked, result.scan, suspect.source.labels)
    yield from suspect.spread
    yield from suspect.sizes.remarks
