"""The one training loop: epochs of the clean texts, warmed up and cooled down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import Tensor
from transformers import get_linear_schedule_with_warmup

from sanitizer.errors import UsageError
from sanitizer.model.batches import Batch, collate, shuffled
from sanitizer.model.evaluate import losses
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.model.training import training
from sanitizer.options import Dtype


@dataclass(frozen=True)
class Schedule:
    """AdamW with linear warm-up and decay. Defaults are those of Chapagain et al. 2508.20032: 3 epochs, 2e-5, 32.

    `precision` is what to multiply matrices in; `auto`: what the model computes in, on a CPU always float32.
    """

    epochs: int = 3
    learning_rate: float = 2e-5
    batch_size: int = 32
    weight_decay: float = 0.01
    warmup: float = 0.1
    clip: float = 1.0
    precision: Dtype = "auto"

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1 or self.learning_rate <= 0 or self.clip <= 0:
            raise UsageError("epochs, batch_size, learning_rate and clip must be positive")
        if not 0 <= self.warmup <= 1:
            raise UsageError("warmup is a share of all steps, from 0 to 1")


Objective = Callable[[Subject, Batch], Tensor]
"""What to minimise on one batch: a scalar that gradients flow through."""


def clean_loss(subject: Subject, batch: Batch) -> Tensor:
    """Mean cross-entropy, nats per answer."""
    loss, _, asked, _ = losses(subject, batch)
    return loss.sum() / asked.sum()


def tune(
    subject: Subject,
    material: Material,
    schedule: Schedule,
    *,
    objective: Objective = clean_loss,
    step: str = "fine-tune",
) -> dict[str, float]:
    """Minimise the objective on the fit part, with zeroed heads held at zero.

    Returns its mean over the first and over the last epoch. The model ends in eval mode.
    """
    data, generator, progress = material.fit, material.generator, material.progress
    per_epoch = -(-len(data) // schedule.batch_size)
    steps = per_epoch * schedule.epochs
    means: list[float] = []
    with training(
        subject,
        learning_rate=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        clip=schedule.clip,
        precision=schedule.precision,
        generator=generator,
    ) as trainer:
        scheduler = get_linear_schedule_with_warmup(trainer.optimizer, int(schedule.warmup * steps), steps)
        progress(step, 0, steps)
        for epoch in range(schedule.epochs):
            total = 0.0
            order = shuffled(data, size=schedule.batch_size, generator=generator)
            for done, index in enumerate(order, start=1 + epoch * per_epoch):
                batch = collate(subject, data, index)
                total += trainer.step(partial(objective, subject, batch))
                scheduler.step()
                progress(step, done, steps)
            means.append(total / per_epoch)
    return {"first_epoch_loss": means[0], "last_epoch_loss": means[-1]}
