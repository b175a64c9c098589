"""The last layer of a classifier, computed for the one token that its head reads.

Of every other token that layer owes a key and a value, nothing more. Which token is read is not taken from a family's
name but found out: the logits of a few texts have a gradient at one token of what the last layer hands on, the first
or the last of each text, or else nothing is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from sanitizer.model.batches import Batch, Encoded, collate
from sanitizer.model.families import Separate
from sanitizer.model.replaced import replaced
from sanitizer.model.subject import Subject

TEXTS = 8


class Readout:
    """Which token of a text the logits depend on: 0, the first, -1, the last, or None, not one of these alone."""

    def __init__(self, subject: Subject, data: Encoded) -> None:
        self._last = subject.anatomy.layers[-1]
        self.token = _read(subject, data) if subject.task == "classification" else None

    @contextmanager
    def alone(self, batch: Batch) -> Iterator[None]:
        """Within this context a forward pass of the batch leaves out what its logits do not depend on."""
        if self.token is None:
            yield
            return
        mask = batch.inputs["attention_mask"]
        places = torch.zeros_like(mask[:, 0]) if self.token == 0 else mask.sum(dim=1) - 1
        with ExitStack() as stack:
            for module in self._linear():
                stack.enter_context(replaced(module, _only(module, mask.shape, places)))
            yield

    def _linear(self) -> list[nn.Module]:
        """Linear maps of the last layer but those that make keys and values."""
        projections = self._last.projections()
        needed = set(projections[1:] if isinstance(self._last.family.projection, Separate) else projections)
        modules = self._last.block.modules()
        return [module for module in modules if isinstance(module, nn.Linear | Conv1D) and module not in needed]


@torch.enable_grad()
def _read(subject: Subject, data: Encoded) -> int | None:
    order = sorted(range(len(data)), key=data.length)
    some = sorted({order[place * (len(order) - 1) // (TEXTS - 1)] for place in range(TEXTS)})
    batch = collate(subject, data, some)
    handed: list[Tensor] = []

    def hook(block: nn.Module, inputs: tuple[Any, ...], hidden: Tensor) -> Tensor:
        handed.append(hidden.detach().requires_grad_())
        return handed[0]

    handle = subject.anatomy.layers[-1].block.register_forward_hook(hook)
    try:
        logits = subject.model(**batch.inputs).logits
    finally:
        handle.remove()
    # Labels weigh differently, or the gradients of two could cancel.
    weighed = logits * torch.arange(1, logits.shape[-1] + 1, device=logits.device)
    (gradient,) = torch.autograd.grad(weighed.sum(), handed)
    read = gradient.ne(0).any(dim=-1)
    lengths = batch.inputs["attention_mask"].sum(dim=1)
    if bool((lengths == lengths[0]).all()) or not bool((read.sum(dim=1) == 1).all()):
        return None
    place = read.long().argmax(dim=1)
    return 0 if bool((place == 0).all()) else -1 if bool((place == lengths - 1).all()) else None


def _only(module: nn.Module, shape: torch.Size, places: Tensor) -> Callable[[Tensor], Tensor]:
    """What a linear map makes of one token [text] of inputs [text, token, …] of this shape; zero for the others."""
    whole: Callable[[Tensor], Tensor] = module.forward
    rows = torch.arange(len(places), device=places.device)

    def forward(inputs: Tensor) -> Tensor:
        if inputs.shape[:2] != shape:
            return whole(inputs)
        found = whole(inputs[rows, places])
        outputs = found.new_zeros(*shape, found.shape[-1])
        outputs[rows, places] = found
        return outputs

    return forward
