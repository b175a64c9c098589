"""Tuning for a while with a penalty on the weights of heads, and putting the weights back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from sanitizer.model.anatomy import LayerAnatomy
from sanitizer.model.batches import Batch
from sanitizer.model.context import Context
from sanitizer.model.restore import put_back
from sanitizer.model.subject import Subject
from sanitizer.model.training import training
from sanitizer.model.tune import clean_loss
from sanitizer.progress import track


def _weight(module: nn.Module) -> Tensor:
    return module.get_parameter("weight")


def head_weights(layer: LayerAnatomy, head: int, *, of: Callable[[nn.Module], Tensor] = _weight) -> list[Tensor]:
    """Query, key, value and output weights that a query head uses (shared key and value heads count for each).

    `of` gives the weight of a module; another model's, for instance.
    """
    key = head // layer.group
    rows = [
        layer.as_outputs(of(role.module))[role.rows.start : role.rows.stop]
        for role in (layer.query(head), layer.key(key), layer.value(key))
    ]
    columns = layer.columns(head)
    output = layer.as_outputs(of(layer.output))[:, columns.start : columns.stop]
    return [*rows, output]


def penalty(subject: Subject, *, l1: float, l2: float) -> Tensor:
    """l1 * sum |W_h| + l2 * sum_h ||W_h||_2 over heads, a head's slices taken together (group lasso)."""
    total = torch.zeros((), device=subject.device)
    for layer in subject.anatomy.layers:
        for head in range(layer.heads):
            flat = torch.cat([weights.reshape(-1) for weights in head_weights(layer, head)])
            total = total + l1 * flat.abs().sum() + l2 * flat.norm()
    return total


@contextmanager
def sparsely_tuned(context: Context, *, l1: float, l2: float, steps: int, learning_rate: float) -> Iterator[None]:
    """Within this context the model is tuned for `steps` batches with the penalty; afterwards it is what it was."""
    subject = context.subject

    def objective(batch: Batch) -> Tensor:
        return clean_loss(subject, batch) + penalty(subject, l1=l1, l2=l2)

    with put_back(subject):
        with training(subject, learning_rate=learning_rate, weight_decay=0.0, generator=context.generator) as trainer:
            for _ in track(context.progress, "tune sparsely", range(steps)):
                pick = int(torch.randint(len(context.fit), (), generator=context.generator))
                trainer.step(partial(objective, context.fit[pick]))
        yield
