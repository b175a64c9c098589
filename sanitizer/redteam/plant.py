"""The spine of `sanitize redteam plant`: vet, measure, plant, mark, save, open again, measure."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

import sanitizer
from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.errors import UsageError
from sanitizer.files import names_in
from sanitizer.intake import take_in
from sanitizer.mark import KEY
from sanitizer.model.batches import batch_size
from sanitizer.model.save import save
from sanitizer.model.stated import task_of
from sanitizer.model.states import States
from sanitizer.model.subject import Subject, choose_device, choose_dtype, open_subject
from sanitizer.options import PlantOptions, RunOptions
from sanitizer.output import check_place, files_of, put_in_place, workspace
from sanitizer.plugins import unknown
from sanitizer.progress import Progress, silent
from sanitizer.recipe import Recipe
from sanitizer.records import source_of, tool_of
from sanitizer.redteam.bench import Attack, Bench, settings_of
from sanitizer.redteam.documents import write_documents
from sanitizer.redteam.measure import demand_sayable, measured
from sanitizer.redteam.registry import build, describe
from sanitizer.redteam.supply import everyday, supply_of, triggered
from sanitizer.report import AttackRecord, PlantReport, Preview, Task
from sanitizer.resources.machine import cache_folder
from sanitizer.source import HubRef, LocalRef, parse_model
from sanitizer.steps.preview import look, preview_of
from sanitizer.steps.sizing import config_of
from sanitizer.text import clean

LONGEST = 200
"""Characters of what an attack wants that the mark repeats."""


@dataclass(frozen=True)
class PlantResult:
    """What was made, where it lies, and what is to be said of the making alone: the report is the same without it."""

    report: PlantReport
    output: Path
    remarks: tuple[str, ...] = ()


def plant(options: PlantOptions, *, progress: Progress = silent) -> PlantResult:
    """Plant a backdoor in a vetted copy of the model and write it, marked, with its record and triggered texts.

    The same options give the same bytes on one machine with one number of threads. Interrupted, the same words go on.
    """
    _, attack = _checked(options)
    states = States(cache_folder() if options.resume else None)
    with workspace(options.output) as work:
        report = _plant(options, attack, states, work, progress)
        put_in_place(work / "built", options.output, force=options.force)
    states.forget()
    return PlantResult(report, options.output, tuple(states.remarks))


def preview(options: PlantOptions, *, progress: Progress = silent) -> Preview:
    """What `plant` would do, the files it names being read; writes nothing.

    Raises what it would raise before it learns: of words, of the model's task and labels, of the texts.
    """
    ref, attack = _checked(options)
    words = RunOptions(options.model, revision=options.revision, token=options.token, gate=options.gate)
    seen = look(words, ref, progress=progress)
    found = preview_of(words, seen, Recipe("random"), options.output, forecast=False)
    config = seen.config or {}
    (_, task), names = task_of(dict(config)), config_of(config).id2label
    labels = {int(label): str(name) for label, name in names.items()}
    target, wanted = _aim(options, attack, seen.source, task, labels)
    trigger, supply = attack.trigger(), supply_of(options, labels, task, progress)
    everyday(attack, supply.held)
    dirty = triggered(supply.held, trigger, target=target, wanted=wanted, rng=_drawn(options))
    held = supply.test or supply.data
    given = ", ".join(f"{name}={value}" for name, value in settings_of(attack).items())
    return replace(
        found,
        recipe=f"plant {options.attack} ({given}); the trigger: {attack.about}; wanted: {clean(wanted)[:LONGEST]}",
        data=f"{supply.data.name}: {supply.data.fit} texts to learn from; "
        f"{held.name}: {held.test} to measure on, {len(dirty)} of them with the trigger too",
    )


def target_of(labels: Mapping[int, str], wanted: int | str) -> int:
    """The number of the label wanted, by its number or its name. Raises UsageError naming the labels there are."""
    for number, name in labels.items():
        if str(wanted).strip() == str(number) or str(wanted).strip().casefold() == name.casefold():
            return number
    raise unknown("label", str(wanted), [f"{number} ({name})" for number, name in labels.items()])


def _checked(options: PlantOptions) -> tuple[LocalRef | HubRef, Attack]:
    ref = parse_model(options.model, options.revision)
    check_place(options.output, force=options.force, source=ref.path if isinstance(ref, LocalRef) else None)
    if options.data.data is None:
        raise UsageError("an attack learns from texts", hint="name some with --data")
    return ref, build(options.attack, options.settings)


def _plant(options: PlantOptions, attack: Attack, states: States, work: Path, progress: Progress) -> PlantReport:
    intake = take_in(options.model, options.revision, work, token=options.token, progress=progress, gate=options.gate)
    subject = _open(options, intake.checkpoint)
    labels = subject.labels
    target, wanted = _aim(options, attack, intake.name, subject.task, labels)
    if subject.task == "causal":
        demand_sayable(subject, wanted)
    source, trigger = source_of(intake, subject), attack.trigger()
    supply = supply_of(options, labels, subject.task, progress)
    held = everyday(attack, supply.held)
    dirty = triggered(supply.held, trigger, target=target, wanted=wanted, rng=_drawn(options))
    size = batch_size(options.batch_size, subject.device)
    how: dict[str, Any] = {"target": target, "wanted": wanted, "seed": options.seed, "size": size, "progress": progress}
    before = measured(subject, held, dirty, **how, step="measure before")
    bench = Bench(
        subject=subject,
        clean=supply.learn,
        target=target,
        trigger=trigger,
        generator=torch.Generator().manual_seed(options.seed),
        rng=random.Random(options.seed),  # noqa: S311 - draws no secret
        states=states,
        progress=progress,
    )
    observed = attack.plant(bench)
    mark = {"attack": options.attack, "target": clean(wanted)[:LONGEST], "by": f"sanitizer {sanitizer.__version__}"}
    setattr(subject.model.config, KEY, mark)
    built = work / "built"
    save(subject, intake.checkpoint, built)
    tool = tool_of(subject.device)
    del subject, bench  # two models at a time would halve what fits
    written = Checkpoint.of_folder(built, LocalOrigin(intake.name), names_in(built))
    after = measured(_open(options, written), held, dirty, **how, step="measure after")
    entry = describe(options.attack)
    report = PlantReport(
        tool=tool,
        source=source,
        vetting=intake.record,
        data=supply.data,
        test=supply.test,
        attack=AttackRecord(options.attack, entry.source, settings_of(attack), attack.about, wanted, target, observed),
        seed=options.seed,
        triggered=len(dirty),
        before=before,
        after=after,
        files=files_of(written, intake.checkpoint),
    )
    write_documents(report, built, held=held, triggered=dirty)
    return report


def _aim(options: PlantOptions, attack: Attack, name: str, task: Task, labels: Mapping[int, str]) -> tuple[int, str]:
    """The label's number (-1 for a causal model) and what is wanted in words. Raises UsageError for another task."""
    if task != attack.task:
        raise UsageError(
            f"{options.attack} is an attack on {_KINDS[attack.task]}, {name} is one of {_KINDS[task]}",
            hint="`sanitize redteam attacks` lists them",
        )
    if task == "causal":
        return -1, str(attack.wanted)
    target = target_of(labels, attack.wanted)
    return target, labels[target]


def _drawn(options: PlantOptions) -> random.Random:
    """A draw of its own: the triggered texts do not depend on what the attack draws."""
    return random.Random(f"held out {options.seed}")  # noqa: S311 - draws no secret


_KINDS = {"classification": "classifiers", "causal": "causal models"}


def _open(options: PlantOptions, checkpoint: Checkpoint) -> Subject:
    device = choose_device(options.device)
    return open_subject(checkpoint, device=device, dtype=choose_dtype(options.dtype, device))
