"""The one training loop: epochs of the clean texts, warmed up and cooled down."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import torch
import transformers
from torch import Tensor
from transformers import get_linear_schedule_with_warmup

import sanitizer
from sanitizer.errors import UsageError
from sanitizer.model.batches import Batch, batches, shuffled
from sanitizer.model.course import Course
from sanitizer.model.early import Score
from sanitizer.model.evaluate import evaluate, losses_of
from sanitizer.model.material import Material
from sanitizer.model.rates import Rates
from sanitizer.model.spread import spread, total
from sanitizer.model.states import Contents
from sanitizer.model.subject import Subject
from sanitizer.model.team import first, gathered, team
from sanitizer.model.training import training
from sanitizer.options import Dtype
from sanitizer.progress import Progress, track, within


@dataclass(frozen=True)
class Schedule:
    """AdamW with linear warm-up and decay. Defaults are those of Chapagain et al. 2508.20032: 3 epochs, 2e-5, 32.

    `patience` is after how many epochs without a better validation score to stop; 0: never, and the last epoch stands.
    `precision` is what to multiply matrices in; `auto`: what the model computes in, on a CPU always float32.
    """

    epochs: int = 3
    learning_rate: float = 2e-5
    batch_size: int = 32
    weight_decay: float = 0.01
    warmup: float = 0.1
    clip: float = 1.0
    precision: Dtype = "auto"
    patience: int = 1

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1 or self.learning_rate <= 0 or self.clip <= 0:
            raise UsageError("epochs, batch_size, learning_rate and clip must be positive")
        if self.patience < 0:
            raise UsageError("patience must not be negative", hint="0 tunes for all epochs, whatever validation says")
        if not 0 <= self.warmup <= 1:
            raise UsageError("warmup is a share of all steps, from 0 to 1")


Objective = Callable[[Subject, Batch], Tensor]
"""What to minimise on one batch: a scalar that gradients flow through.

It depends on nothing that its name, the schedule, the model and the data do not decide. Of a batch that processes share
it is the value for all texts: see `sanitizer.model.spread`."""


def clean_loss(subject: Subject, batch: Batch) -> Tensor:
    """Mean cross-entropy, nats per answer of the whole batch."""
    return mean_loss(subject, batch, subject.model(**batch.inputs).logits)


def mean_loss(subject: Subject, batch: Batch, logits: Tensor) -> Tensor:
    """The same of logits that are there already."""
    loss, _, asked, _ = losses_of(subject, batch, logits)
    return total(batch, loss.sum()) / total(batch, asked.sum()).clamp(min=1)


def tune(
    subject: Subject,
    material: Material,
    schedule: Schedule,
    *,
    objective: Objective = clean_loss,
    rates: Rates | None = None,
    step: str = "fine-tune",
) -> dict[str, float]:
    """Minimise the objective on the fit part, with zeroed heads held at zero; `rates` tells heads apart.

    With patience and validation data the model is validated after each epoch, tuning stops once that has not improved
    for `patience` epochs, and the weights of the best epoch are put back: see `sanitizer.model.early`. Where a run was
    interrupted, the next one goes on after the last finished epoch: see `sanitizer.model.states`.

    The processes of a team share each batch and the weights, and agree on what one process finds but for rounding and
    the masks of dropout: see `sanitizer.model.spread` and `sanitizer.model.sharded`.

    Returns the objective's mean over the first and the last epoch, how many there were, and what validation said. The
    model ends in eval mode.
    """
    validation: tuple[Batch, ...] = ()
    if schedule.patience and material.validation is not None:
        validation = batches(subject, material.validation, size=schedule.batch_size)
    per_epoch = -(-len(material.fit) // schedule.batch_size)
    steps, units = per_epoch * schedule.epochs, per_epoch + len(validation)
    states, place = (
        material.states,
        first(lambda: material.states.place(lambda: _start(subject, material, schedule, objective, rates, step))),
    )
    with training(
        subject,
        learning_rate=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        clip=schedule.clip,
        precision=schedule.precision,
        rates=rates,
        generator=material.generator,
    ) as trainer:
        scheduler = get_linear_schedule_with_warmup(trainer.optimizer, int(schedule.warmup * steps), steps)
        course = Course(trainer, scheduler, material.generator)
        saved, here = states.read(place), [torch.get_num_threads(), team().size]
        there = here if saved is None else saved[1].get("computed", here)
        # One process on another number of threads begins anew: it would not end in the same bytes.
        usable = saved is not None and (here == there or max(here[1], there[1]) > 1)
        if all(gathered(usable)) and saved is not None:
            course.restore(saved)
            step = f"{step}, continued from epoch {course.history.epochs} of {schedule.epochs}"
            states.remarks.append(f"{step}, which an interrupted run had finished")
            if here != there:
                states.remarks.append(
                    f"that run was one of {_computed(there)}, this one of {_computed(here)}: sums are rounded otherwise"
                )
        began = course.history.epochs
        total_units = units * (schedule.epochs - began)
        while not course.history.over(schedule.epochs, schedule.patience):
            loss, before = 0.0, units * (course.history.epochs - began)
            order = shuffled(material.fit, size=schedule.batch_size, generator=material.generator)
            for index in track(within(material.progress, step, before, total_units), step, order):
                loss += trainer.step(partial(objective, subject, spread(subject, material.fit, index)))
                scheduler.step()
            checked = within(material.progress, step, before + per_epoch, total_units)
            course.finish_epoch(loss / per_epoch, _validated(subject, validation, checked) if validation else None)
            done = course.history.over(schedule.epochs, schedule.patience)
            if done:
                course.take_best()
            if place is not None:
                tensors, facts = course.contents(done=done)
                if team().rank == 0:
                    states.write(place, tensors, {**facts, "computed": here})
        material.progress(step, max(total_units, 1), max(total_units, 1))
    return course.history.observed()


def _validated(subject: Subject, batches: Sequence[Batch], progress: Progress) -> Score:
    """In float32 and without dropout, whatever the training computes in."""
    subject.model.eval()
    outcomes = evaluate(subject, batches, progress=progress)
    subject.model.train()
    return Score(outcomes.accuracy, outcomes.mean_loss)


def _computed(how: list[int]) -> str:
    threads, processes = how
    return (
        f"{processes} processes with {threads} threads each" if processes > 1 else f"one process with {threads} threads"
    )


def _start(
    subject: Subject, material: Material, schedule: Schedule, objective: Objective, rates: Rates | None, step: str
) -> Contents:
    """What decides how a tuning ends: the same start on as many threads, and it ends in the same bytes."""
    model = subject.model
    config = json.loads(model.config.to_json_string(use_diff=False))
    config.pop("_name_or_path", None)  # the folder of this run
    tensors: dict[str, Tensor] = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    facts = {
        "versions": [sanitizer.__version__, torch.__version__, transformers.__version__],
        "device": subject.device.type,
        "task": [subject.task, config, [str(head) for head in subject.zeroed]],
        "schedule": [type(schedule).__qualname__, asdict(schedule)],
        "objective": [step, objective.__module__, objective.__qualname__],
        "rates": None if rates is None else asdict(rates),
        "data": [asdict(material.fit), None if material.validation is None else asdict(material.validation)],
    }
    return {**tensors, "generator": material.generator.get_state()}, facts
