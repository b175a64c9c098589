"""Weights that tuning leaves as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from torch import Tensor

from sanitizer.model.subject import Subject


def upper_held(subject: Subject, share: float) -> AbstractContextManager[None]:
    """Within this context only this share of the layers is tuned, the lowest, at least one; of 1 nothing is held.

    The rest of the model is held with the upper layers.
    """
    layers = subject.anatomy.layers
    free = {id(w) for layer in layers[: max(round(share * len(layers)), 1)] for w in layer.block.parameters()}
    return _held([weight for weight in subject.model.parameters() if share < 1 and id(weight) not in free])


def embeddings_held(subject: Subject) -> AbstractContextManager[None]:
    """Within this context the input embeddings get no gradient, and so no step; nor do outputs that are tied to them.

    Few texts show few words: what is learnt of these is not learnt of words of like meaning.
    """
    return _held([subject.model.get_input_embeddings().weight])


@contextmanager
def _held(weights: Sequence[Tensor]) -> Iterator[None]:
    before = [weight.requires_grad for weight in weights]
    for weight in weights:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight, was in zip(weights, before, strict=True):
            weight.requires_grad_(was)
