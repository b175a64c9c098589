"""From what the scan saw to a treated model in memory: decide, prepare, score, choose, treat."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import torch

from sanitizer.auto import AUTO, decide
from sanitizer.clock import Clock
from sanitizer.gates import fitting
from sanitizer.model.material import Flagged, Material
from sanitizer.model.restore import put_back
from sanitizer.model.states import States
from sanitizer.model.subject import Subject
from sanitizer.model.team import first
from sanitizer.options import RunOptions
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build
from sanitizer.progress import Progress
from sanitizer.recipe import Recipe, Step
from sanitizer.records import data_of, strategy_of
from sanitizer.report import DecisionRecord, InputRecord, ScanRecord, StrategyRecord, TreatmentRecord
from sanitizer.resolve import budget_for, completed
from sanitizer.steps.sized import picked, scored
from sanitizer.steps.suspect import Suspect, Texts


@dataclass(frozen=True)
class Treated:
    """What was decided and done. `skipped` says in words which treatments were left out, those of `prepare` first."""

    recipe: Recipe
    decision: DecisionRecord | None
    budget: Budget
    strategy: StrategyRecord
    plan: TreatmentPlan
    prepare: tuple[TreatmentRecord, ...]
    treatments: tuple[TreatmentRecord, ...]
    skipped: tuple[str, ...]


def treat(
    options: RunOptions,
    recipe: Recipe,
    subject: Subject,
    suspect: Suspect,
    looked: ScanRecord,
    texts: Texts,
    states: States,
    flagged: Sequence[InputRecord],
    *,
    clock: Clock,
    progress: Progress,
) -> Treated:
    """Treat the subject by the recipe or, where that leaves it to the evidence, by one that `looked` calls for.

    Weights that were prepared for scoring are put back once heads are chosen.
    """
    decision = None
    if recipe.strategy == AUTO:
        base = suspect.base is not None
        chosen, decision = decide(
            *(subject.task, data_of(suspect.data), looked.forensics, looked.leaning),
            base=base,
            labels=suspect.source.labels,
        )
        recipe = completed(chosen, options)
    budget, generator = budget_for(recipe), torch.Generator().manual_seed(options.seed)
    doubted = Flagged.of(subject, flagged) if flagged else None
    material = Material(texts.fit, generator, options.layout, progress, texts.validation, states, doubted, suspect.base)
    before_scoring, skipped_first = fitting(recipe.prepare, suspect.data)
    steps, skipped = fitting(recipe.treatments, suspect.data)
    with put_back(subject) if before_scoring else nullcontext():
        nothing = TreatmentPlan.nothing(subject.anatomy.counts(), budget)
        prepare = _applied(before_scoring, subject, nothing, material, clock, "prepare: ")
        with clock.step("score"):
            strategy = build("sanitizer.strategies", recipe.strategy, recipe.settings)
            score = partial(scored, strategy, subject, texts.fit, suspect.sizes, forensics=looked.forensics)
            scores = first(partial(score, generator=generator, progress=progress), generator=generator)
        with clock.step("choose"):
            pick = partial(picked, scores, budget, subject, texts.validation, suspect.sizes)
            plan = first(partial(pick, generator=generator, progress=progress), generator=generator)
    return Treated(
        recipe=recipe,
        decision=decision,
        budget=budget,
        strategy=strategy_of(recipe.strategy, strategy),
        plan=plan,
        prepare=prepare,
        treatments=_applied(steps, subject, plan, material, clock),
        skipped=(*(f"prepare: {words}" for words in skipped_first), *skipped),
    )


def _applied(
    steps: tuple[Step, ...], subject: Subject, plan: TreatmentPlan, material: Material, clock: Clock, prefix: str = ""
) -> tuple[TreatmentRecord, ...]:
    records = []
    for step in steps:
        with clock.step(prefix + step.name):
            treatment = build("sanitizer.treatments", step.name, step.settings)
            records.append(treatment.apply(subject, plan, material))
    return tuple(records)
