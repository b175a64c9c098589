"""The one training loop: seeded, warmed up, clipped, with removed heads held dead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from transformers import get_linear_schedule_with_warmup

from sanitizer.errors import UsageError
from sanitizer.model.batches import Batch, Encoded, collate, shuffled
from sanitizer.model.evaluate import losses
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent


@dataclass(frozen=True)
class Schedule:
    """AdamW with linear warm-up and decay. Defaults are those of Chapagain et al. 2508.20032: 3 epochs, 2e-5, 32."""

    epochs: int = 3
    learning_rate: float = 2e-5
    batch_size: int = 32
    weight_decay: float = 0.01
    warmup: float = 0.1
    clip: float = 1.0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1 or self.learning_rate <= 0:
            raise UsageError("epochs, batch_size and learning_rate must be positive")


Objective = Callable[[Subject, Batch], Tensor]
"""What to minimise on one batch: a scalar that gradients flow through."""


def clean_loss(subject: Subject, batch: Batch) -> Tensor:
    """Mean cross-entropy, nats per answer."""
    loss, _, asked, _ = losses(subject, batch)
    return loss.sum() / asked.sum()


def tune(
    subject: Subject,
    data: Encoded,
    schedule: Schedule,
    *,
    generator: torch.Generator,
    objective: Objective = clean_loss,
    progress: Progress = silent,
    step: str = "fine-tune",
) -> dict[str, float]:
    """Minimise the objective, with zeroed heads held at zero.

    Returns its mean over the first and over the last epoch. The model ends in eval mode.
    """
    model = subject.model
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay, fused=True
    )
    per_epoch = -(-len(data) // schedule.batch_size)
    steps = per_epoch * schedule.epochs
    scheduler = get_linear_schedule_with_warmup(optimizer, int(schedule.warmup * steps), steps)
    means: list[float] = []
    devices = [subject.device] if subject.device.type == "cuda" else []
    # Dropout draws from torch's global state: it is seeded from the caller's generator and put back afterwards.
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        model.train()
        try:
            progress(step, 0, steps)
            for epoch in range(schedule.epochs):
                total = 0.0
                order = shuffled(data, size=schedule.batch_size, generator=generator)
                for done, index in enumerate(order, start=1 + epoch * per_epoch):
                    value = objective(subject, collate(subject, data, index))
                    torch.autograd.backward(value)
                    clip_grad_norm_(model.parameters(), schedule.clip)
                    optimizer.step()
                    scheduler.step()
                    optimizer.zero_grad()
                    subject.hold()
                    total += float(value.detach())
                    progress(step, done, steps)
                means.append(total / per_epoch)
        finally:
            model.eval()
    return {"first_epoch_loss": means[0], "last_epoch_loss": means[-1]}
