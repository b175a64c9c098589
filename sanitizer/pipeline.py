"""The spine: one function per verb, each step a line.

No step looks back: "before" is the vetted checkpoint, still on disk; "after" is measured on the saved folder, because
that is what people will load.
"""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from sanitizer import processes
from sanitizer.auto import AUTO, decide
from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.cleandata import CleanData
from sanitizer.clock import Clock
from sanitizer.documents import address, card_of, write_documents
from sanitizer.errors import CorruptError, GateError, HubError, UsageError
from sanitizer.gates import accuracy_budget, fitting, left_out, load_back, remarks, unlike, woken
from sanitizer.hub.dataset import load_texts
from sanitizer.hub.push import PushRecord, card_there, push
from sanitizer.intake import Intake, take_in
from sanitizer.machine import cache_folder
from sanitizer.mark import demand_unmarked
from sanitizer.model.base import Base
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import logits
from sanitizer.model.halving import Halving
from sanitizer.model.material import Flagged, Material
from sanitizer.model.measure import agreement, measure
from sanitizer.model.restore import put_back
from sanitizer.model.save import needs_loader
from sanitizer.model.states import States
from sanitizer.model.subject import Subject, choose_device
from sanitizer.model.team import alone, assembled, first, team
from sanitizer.opening import demand_whole, opened, spread_remark, write_model
from sanitizer.options import DataOptions, RunOptions, ScanOptions
from sanitizer.output import FOLDER, check_place, files_of, put_in_place, workspace
from sanitizer.plan import TreatmentPlan
from sanitizer.plugins import build
from sanitizer.preview import preview_of
from sanitizer.progress import Progress, silent
from sanitizer.recipe import Recipe, Step
from sanitizer.records import (
    base_of,
    data_of,
    declared_datasets,
    heads_of,
    memory_of,
    plan_of,
    source_of,
    strategy_of,
    tool_of,
)
from sanitizer.report import (
    BaseRecord,
    InputRecord,
    InputsRecord,
    Preview,
    RecipeRecord,
    RunReport,
    ScanReport,
    TreatmentRecord,
)
from sanitizer.resolve import budget_for, budget_of, completed, recipe_for
from sanitizer.scan.inputs import scan_inputs
from sanitizer.schema import from_json
from sanitizer.sized import measured, picked, scored, seen
from sanitizer.source import HubRef, LocalRef, parse_model
from sanitizer.trust import clean_data

BATCH = {"cpu": 32}
LARGE_BATCH = 64
# Relative to the largest logit. Saving rounds nothing that the model in memory did not round too.
LOAD_BACK = {torch.float32: 1e-4, torch.float16: 2e-2, torch.bfloat16: 5e-2}


@dataclass(frozen=True)
class RunResult:
    """What a run made: the report, the folder, and where it was pushed."""

    report: RunReport
    output: Path
    pushed: PushRecord | None = None


def run(options: RunOptions, *, flagged: Sequence[InputRecord] = (), progress: Progress = silent) -> RunResult:
    """Take a suspect in, treat it, write the result and, if asked, push it.

    `flagged` are inputs that a guard found abnormal; a recipe may judge heads on them (`inputs: flagged`).
    A failed gate does not raise: the result is written for inspection, `report.passed` is False, and nothing is pushed.

    Started by torchrun or by accelerate in several processes, it is one run: they treat the model together, and all
    else the first does alone. Each of them returns the result, or raises.
    """
    if options.device == "auto" and processes.on_cpu():
        options = replace(options, device="cpu")
    with assembled(partial(choose_device, options.device)):
        _, output, recipe = first(lambda: _checked(options))
        states = States(cache_folder() if options.resume else None)
        if team().size > 1:
            states.remarks.append(f"{team().size} processes tuned together: another number of them rounds otherwise")
        with ExitStack() as stack:
            work = first(lambda: stack.enter_context(workspace(output)))
            made = _treat(options, recipe, states, work, flagged, progress, stack)
            if made is not None:
                report, recipe = made
                old = card_of(output) if options.force else None
                write_documents(report, recipe, work / "built", repo_name=options.push_to, name=output.name, old=old)
                put_in_place(work / "built", output, force=options.force)
        states.forget()
        return first(lambda: _published(options, report, output))


def _published(options: RunOptions, report: RunReport, output: Path) -> RunResult:
    pushed = None
    if options.push_to is not None and report.passed:
        how = {"token": options.token, "private": options.private, "create_pr": options.create_pr}
        try:
            pushed = publish(output, options.push_to, **how)  # type: ignore[arg-type]
        except HubError as error:
            kept = f"the result is kept: `sanitize push {output} --to {options.push_to}` publishes it"
            raise HubError(error.message, hint="; ".join(filter(None, (error.hint, kept)))) from error
    return RunResult(report, output, pushed)


def preview(options: RunOptions, *, progress: Progress = silent) -> Preview:
    """What `run` would do with these options. Raises what it would raise at once; writes nothing."""
    ref, output, recipe = _checked(options)
    return preview_of(options, ref, recipe, output, batch={**BATCH, "": LARGE_BATCH}, progress=progress)


def scan(options: ScanOptions, *, inputs: DataOptions | None = None, progress: Progress = silent) -> ScanReport:
    """Take a suspect in and look at its heads, and at what they do on `inputs`; nothing is changed or written."""
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="sanitizer-") as work:
        with clock.step("vet"):
            intake = take_in(
                options.model,
                options.revision,
                Path(work),
                token=options.token,
                progress=progress,
                gate=options.gate,
            )
            origin = _base(options, Path(work) / "base", progress)
        with clock.step("open"):
            subject = opened(options, intake.checkpoint, Path(work) / "offloaded")
            demand_whole(subject, None, base=origin is not None)
            source, spread = source_of(intake, subject), spread_remark(subject)
            base, said = _matched(origin, subject)
            sizes = Halving(_batch_size(options, subject))
            data = _data(options, intake, subject, sizes, progress)
        with clock.step("scan"):
            looked = seen(options, subject, data, sizes, progress, base=base)
        asked = None
        if inputs is not None:
            with clock.step("inputs"):
                asked = _ask(options, inputs, intake, subject, data, sizes, progress)
    return ScanReport(
        tool=tool_of(subject.device),
        source=source,
        vetting=intake.record,
        data=data_of(data),
        scan=looked,
        started=clock.started,
        timings=clock.timings(),
        warnings=(*unlike(said), *spread, *sizes.remarks),
        inputs=asked,
        base=said,
    )


def publish(
    folder: Path, repo: str, *, token: str | None = None, private: bool = True, create_pr: bool = False
) -> PushRecord:
    """Push a finished folder as one commit.

    Raises GateError if its report does not validate, a gate failed, or the model is marked as backdoored.
    """
    demand_unmarked(folder, str(folder))
    path = folder / FOLDER / "report.json"
    if not path.is_file():
        raise UsageError(f"{folder} is not the result of a run: it has no {FOLDER}/report.json")
    report = from_json(path.read_text(encoding="utf-8"), "report")
    if not isinstance(report, RunReport) or not report.passed:
        raise GateError(f"{folder} did not pass every gate, so it is not pushed", hint="its report says which failed")
    address(report, folder, repo, old=card_there(repo, token=token))
    return push(
        folder,
        repo,
        token=token,
        private=private,
        create_pr=create_pr,
        message=f"Sanitized {report.source.name} with {', '.join(report.methods) or 'no treatment'}",
        description=f"{len(report.heads)} attention heads treated; see README.md and {FOLDER}/report.json.",
    )


def _checked(options: RunOptions) -> tuple[LocalRef | HubRef, Path, Recipe]:
    """Everything that can be wrong with the words alone is found before any work is done."""
    ref = parse_model(options.model, options.revision)
    name = ref.path.resolve().name if isinstance(ref, LocalRef) else ref.repo.rpartition("/")[2]
    output = options.output or Path(f"{name}-sanitized")
    check_place(output, force=options.force, source=ref.path if isinstance(ref, LocalRef) else None)
    if options.push_to is not None:
        HubRef(options.push_to)
    recipe = recipe_for(options)
    return ref, output, recipe


def _treat(
    options: RunOptions,
    recipe: Recipe,
    states: States,
    work: Path,
    flagged: Sequence[InputRecord],
    progress: Progress,
    rest: ExitStack,
) -> tuple[RunReport, Recipe] | None:
    """The report, and the recipe that was used: `recipe`, unless that left it to the evidence.

    What follows the treatments the first process does alone, until `rest` is closed; the others return None.
    """
    clock = Clock()
    with clock.step("vet"):
        intake = first(
            lambda: take_in(
                options.model, options.revision, work, token=options.token, progress=progress, gate=options.gate
            )
        )
        origin = first(lambda: _base(options, work / "base", progress))
    if options.push_to is not None:
        demand_unmarked(intake.checkpoint.path, intake.name)  # before hours of work; what they make is marked as well
    with clock.step("open"):
        subject = opened(options, intake.checkpoint, work / "offloaded")
        demand_whole(subject, recipe, base=origin is not None)
        spread = spread_remark(subject)
        source, before_anatomy, surplus = source_of(intake, subject), subject.anatomy, subject.surplus
        base, said = _matched(origin, subject)
        sizes = Halving(_batch_size(options, subject))
        data = first(partial(_data, options, intake, subject, sizes, progress))
        generator = torch.Generator().manual_seed(options.seed)
        fit, validation, test = (encode(subject, part) for part in (data.fit, data.validation, data.test))
    with clock.step("measure before"):
        suspect = first(partial(measured, "measure before", subject, test, sizes, progress))
        if not suspect.loss.isfinite().all():
            raise CorruptError("the answers of the suspect are not numbers", hint="get the checkpoint again")
    with clock.step("scan"):
        looked = first(partial(seen, options, subject, data, sizes, progress, base=base))
    decision = None
    if recipe.strategy == AUTO:
        chosen, decision = decide(subject.task, data_of(data), looked.forensics, base=base is not None)
        recipe = completed(chosen, options)
    budget = budget_for(recipe)
    doubted = Flagged.of(subject, flagged) if flagged else None
    material = Material(fit, generator, options.layout, progress, validation, states, doubted, base)
    (before_scoring, skipped_first), (steps, skipped) = fitting(recipe.prepare, data), fitting(recipe.treatments, data)
    with put_back(subject) if before_scoring else nullcontext():
        nothing = TreatmentPlan.nothing(subject.anatomy.counts(), budget)
        prepare = _applied(before_scoring, subject, nothing, material, clock, "prepare: ")
        with clock.step("score"):
            strategy = build("sanitizer.strategies", recipe.strategy, recipe.settings)
            scores = first(
                partial(
                    scored,
                    strategy,
                    subject,
                    fit,
                    sizes,
                    generator=generator,
                    forensics=looked.forensics,
                    progress=progress,
                ),
                generator=generator,
            )
        with clock.step("choose"):
            plan = first(
                partial(picked, scores, budget, subject, validation, sizes, generator=generator, progress=progress),
                generator=generator,
            )
    treatments = _applied(steps, subject, plan, material, clock)
    if team().rank:
        return None
    rest.enter_context(alone())
    heads = heads_of(plan, before_anatomy, subject.anatomy)
    parameters = subject.model.num_parameters()

    built = work / "built"
    with clock.step("save"):
        write_model(subject, plan, intake, options.layout, built, progress)
        few = batches(subject, test, size=sizes.size)[-1]
        memory = logits(subject, few)
        del subject, before_anatomy  # two models at a time would halve what fits
        gc.collect()  # one that accelerate has spread refers to itself
    with clock.step("measure after"):
        written = Checkpoint.of_folder(
            built,
            LocalOrigin(intake.name),
            [path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()],
        )
        reopened = opened(options, written, work / "offloaded-after")
        treated = measured("measure after", reopened, test, sizes, progress)
        if not treated.loss.isfinite().all():
            raise GateError("the answers of the treated model are not numbers", hint="take a lower learning_rate")
        apart = float((logits(reopened, few) - memory).abs().max() / memory.abs().max().clamp(min=1e-6))
    with clock.step("scan again"):
        looked_after = seen(replace(options, ablate=False), reopened, data, sizes, progress)
    before = measure(suspect, reopened.task, seed=options.seed)
    after = measure(treated, reopened.task, seed=options.seed)
    gates = (
        accuracy_budget(before[0], after[0], budget),
        load_back(apart, LOAD_BACK[reopened.model.dtype]),
    )
    report = RunReport(
        tool=tool_of(reopened.device),
        source=source,
        vetting=intake.record,
        data=data_of(data),
        scan=looked,
        recipe=RecipeRecord(
            strategy=strategy_of(recipe.strategy, strategy),
            prepare=tuple(record.name for record in prepare),
            treatments=tuple(record.name for record in treatments),
            budget=budget_of(budget),
            layout=options.layout,
            seed=options.seed,
            dtype=str(reopened.model.dtype).removeprefix("torch."),
            batch_size=sizes.size,
        ),
        plan=plan_of(plan, before[0].name),
        heads=heads,
        prepare=prepare,
        treatments=treatments,
        before=before,
        after=(*after, *((agreement(treated, suspect),) if reopened.task == "classification" else ())),
        parameters_after=parameters,
        needs_loader=needs_loader(built),
        gates=gates,
        started=clock.started,
        timings=clock.timings(),
        warnings=(
            *left_out(surplus, source.architecture),
            *unlike(said),
            *(f"prepare: {words}" for words in skipped_first),
            *skipped,
            *states.remarks,
            *((f"heads may be judged on {len(flagged)} inputs that a guard had flagged",) if flagged else ()),
            *remarks(plan, budget),
            *woken(looked, looked_after, source.labels),
            *spread,
            *sizes.remarks,
        ),
        files=files_of(written, intake.checkpoint),
        scan_after=looked_after,
        decision=decision,
        base=said,
        memory=memory_of(reopened.device),
    )
    return report, recipe


def _applied(
    steps: tuple[Step, ...], subject: Subject, plan: TreatmentPlan, material: Material, clock: Clock, prefix: str = ""
) -> tuple[TreatmentRecord, ...]:
    records = []
    for step in steps:
        with clock.step(prefix + step.name):
            treatment = build("sanitizer.treatments", step.name, step.settings)
            records.append(treatment.apply(subject, plan, material))
    return tuple(records)


def _base(options: ScanOptions, place: Path, progress: Progress) -> Intake | None:
    """The base, if one is named, through the same gate as the suspect: it is not trusted bytes either."""
    if options.base is None:
        return None
    place.mkdir()
    return take_in(options.base, None, place, token=options.token, progress=progress, gate=options.gate)


def _matched(origin: Intake | None, subject: Subject) -> tuple[Base | None, BaseRecord | None]:
    """The base's weights for this subject, and what the report says of them."""
    if origin is None:
        return None, None
    base = Base.of(origin.checkpoint, subject)
    return base, base_of(origin, base, subject)


def _batch_size(options: ScanOptions, subject: Subject) -> int:
    return options.batch_size or BATCH.get(subject.device.type, LARGE_BATCH)


def _ask(
    options: ScanOptions,
    inputs: DataOptions,
    intake: Intake,
    subject: Subject,
    data: CleanData,
    sizes: Halving,
    progress: Progress,
) -> InputsRecord:
    table = load_texts(inputs.data or "", text_column=inputs.text_column, token=options.token, progress=progress)
    return sizes.work(
        "inputs",
        lambda size: scan_inputs(
            subject,
            data,
            table.texts,
            table.provenance,
            model=intake.checkpoint.digest,
            batch_size=size,
            seed=options.seed,
            progress=progress,
        ),
    )


def _data(options: ScanOptions, intake: Intake, subject: Subject, sizes: Halving, progress: Progress) -> CleanData:
    """The clean texts, labelled by the suspect itself where nobody labelled them."""
    names = {int(label): str(name) for label, name in subject.model.config.id2label.items()}
    data = clean_data(
        options.data,
        declared_datasets(intake.card),
        names,
        subject.task,
        seed=options.seed,
        token=options.token,
        progress=progress,
    )
    if subject.task == "causal" or data.labelled_by == "given":
        return data
    predicted = [
        measured("label texts", subject, encode(subject, part), sizes, progress).predicted.tolist()
        for part in (data.fit, data.validation, data.test)
    ]
    return data.relabelled(*predicted)
