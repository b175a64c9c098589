"""Putting weights back: what is tried on a model and must not stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

from sanitizer.model.subject import Subject


def weights_of(subject: Subject) -> dict[str, Tensor]:
    """A copy of all weights in the main memory, which `load_state_dict` of the model puts back."""
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in subject.model.state_dict().items()}


@contextmanager
def put_back(subject: Subject) -> Iterator[None]:
    """Within this context weights may change, but not their shapes; afterwards each is what it was, bit for bit.

    The copy lies in the main memory, not on the accelerator.
    """
    kept = weights_of(subject)
    try:
        yield
    finally:
        subject.model.load_state_dict(kept)
