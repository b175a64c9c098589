"""Input embeddings that tuning leaves as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sanitizer.model.subject import Subject


@contextmanager
def embeddings_held(subject: Subject) -> Iterator[None]:
    """Within this context the input embeddings get no gradient, and so no step; nor do outputs that are tied to them.

    Few texts show few words: what is learnt of these is not learnt of words of like meaning.
    """
    weight = subject.model.get_input_embeddings().weight
    before = weight.requires_grad
    weight.requires_grad_(False)
    try:
        yield
    finally:
        weight.requires_grad_(before)
