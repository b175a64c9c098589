"""Putting weights back: what is tried on a model and must not stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sanitizer.model.subject import Subject


@contextmanager
def put_back(subject: Subject) -> Iterator[None]:
    """Within this context weights may change, but not their shapes; afterwards each is what it was, bit for bit.

    The copy lies in the main memory, not on the accelerator.
    """
    state = subject.model.state_dict()
    kept = {name: tensor.detach().to("cpu", copy=True) for name, tensor in state.items()}
    del state
    try:
        yield
    finally:
        subject.model.load_state_dict(kept)
