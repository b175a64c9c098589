"""One batch over several processes: each computes some of its texts, and sums over texts go over all of them.

An objective that is made of such sums (`total`) has the same value in each process as one process would find, whatever
it makes of them, and its gradient, averaged over the processes, is that of the whole batch. The order of the batches is
the same for all, since they draw from the same generator; dropout draws masks of its own in each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from sanitizer.model.batches import Batch, Encoded, Spread, collate
from sanitizer.model.subject import Subject
from sanitizer.model.team import team

Total = Callable[[Tensor], Tensor]
"""From a sum over the texts that are here to that over the texts of a batch: `total`, of that batch."""


def here(value: Tensor) -> Tensor:
    """The sum where all texts are here."""
    return value


def spread(subject: Subject, data: Encoded, index: Sequence[int]) -> Batch:
    """This process's texts of a batch. One that has fewer texts than there are processes is everybody's whole."""
    now = team()
    if now.size == 1 or len(index) < now.size:
        return collate(subject, data, index)
    places = range(now.rank, len(index), now.size)  # texts of about the same length: so are the parts
    return replace(
        collate(subject, data, [index[place] for place in places]), spread=Spread(tuple(index), tuple(places))
    )


def total(batch: Batch, value: Tensor) -> Tensor:
    """A sum over the batch's texts here, over those of all processes."""
    return value if batch.spread is None else _Total.apply(value)  # type: ignore[no-untyped-call]


def whole(batch: Batch) -> tuple[int, ...]:
    """Which texts the batch has in all processes."""
    return batch.index if batch.spread is None else batch.spread.index


def own(batch: Batch, other: Batch) -> Batch:
    """Of another batch, with one row for each text of the whole one, the rows that belong here."""
    if batch.spread is None:
        return other
    places = list(batch.spread.places)
    labels, prompts = (None if values is None else values[places] for values in (other.labels, other.prompts))
    inputs = {name: values[places] for name, values in other.inputs.items()}
    return Batch(inputs, labels, tuple(other.index[place] for place in places), prompts, batch.spread)


class _Total(torch.autograd.Function):
    """Sum over processes. Each has all of the gradient with respect to the sum; averaging divides it, so it grows."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        ctx.size = team().size
        found = value.detach().clone()
        dist.all_reduce(found)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return ctx.size * gradients[0]
