"""The spine: one function per verb, each step a line.

No step looks back: "before" is the vetted checkpoint, still on disk; "after" is measured on the saved folder, because
that is what people will load.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sanitizer import processes
from sanitizer.clock import Clock
from sanitizer.documents import card_of, write_documents
from sanitizer.hub.push import PushRecord
from sanitizer.mark import demand_unmarked
from sanitizer.model.states import States
from sanitizer.model.subject import choose_device
from sanitizer.model.team import alone, assembled, first, team
from sanitizer.options import RunOptions
from sanitizer.output import check_place, put_in_place, workspace
from sanitizer.progress import Progress, silent
from sanitizer.publishing import publish, publish_as_asked
from sanitizer.recipe import Recipe
from sanitizer.records import heads_of
from sanitizer.report import InputRecord, Preview, RunReport
from sanitizer.resolve import recipe_for
from sanitizer.resources.machine import cache_folder
from sanitizer.scanning import scan
from sanitizer.source import HubRef, LocalRef, parse_model
from sanitizer.steps.evidence import report_of
from sanitizer.steps.opening import write_model
from sanitizer.steps.preview import look, preview_of
from sanitizer.steps.result import Sample, answers_of_suspect, opened_again
from sanitizer.steps.sized import seen
from sanitizer.steps.suspect import Texts, opened_suspect, vetted
from sanitizer.steps.treatment import treat

__all__ = ["RunResult", "preview", "publish", "run", "scan"]


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
        return first(lambda: RunResult(report, output, publish_as_asked(options, report, output)))


def preview(options: RunOptions, *, progress: Progress = silent) -> Preview:
    """What `run` would do with these options. Raises what it would raise at once; writes nothing."""
    ref, output, recipe = _checked(options)
    return preview_of(options, look(options, ref, progress=progress), recipe, output)


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
        intake, origin = first(partial(vetted, options, work, progress))
    if options.push_to is not None:
        demand_unmarked(intake.checkpoint.path, intake.name)  # before hours of work; what they make is marked as well
    with clock.step("open"):
        subject, suspect = opened_suspect(options, intake, origin, recipe, work, progress)
        anatomy, texts = subject.anatomy, Texts.of(subject, suspect.data)
    with clock.step("measure before"):
        answers = first(partial(answers_of_suspect, subject, texts.test, suspect.sizes, progress))
    with clock.step("scan"):
        looked = first(partial(seen, options, subject, suspect.data, suspect.sizes, progress, base=suspect.base))
    done = treat(options, recipe, subject, suspect, looked, texts, states, flagged, clock=clock, progress=progress)
    if team().rank:
        return None
    rest.enter_context(alone())
    heads, parameters = heads_of(done.plan, anatomy, subject.anatomy), subject.model.num_parameters()
    with clock.step("save"):
        write_model(subject, done.plan, intake, options.layout, work / "built", progress)
        sample = Sample.of(subject, texts.test, size=suspect.sizes.size)
        del subject, anatomy  # two models at a time would halve what fits
        gc.collect()  # one that accelerate has spread refers to itself
    again = work / "offloaded-after"
    result = opened_again(options, suspect, work / "built", again, texts.test, sample, clock=clock, progress=progress)
    guarded = (f"heads may be judged on {len(flagged)} inputs that a guard had flagged",) if flagged else ()
    said = (*states.remarks, *guarded)
    report = report_of(options, suspect, answers, looked, done, heads, parameters, result, said=said, clock=clock)
    return report, done.recipe
