"""A label that somebody named, by its name or its number."""

from __future__ import annotations

from sanitizer.errors import UsageError
from sanitizer.model.subject import Subject


def label_of(subject: Subject, said: str, *, or_else: tuple[str, ...] = ()) -> int:
    """Its number. Raises UsageError for one that the model does not have; `or_else` is what could be said instead."""
    for label, name in subject.labels.items():
        if said in (name, str(label)):
            return label
    words = ", ".join((*or_else, *subject.labels.values()))
    raise UsageError(f"target {said!r} is no label of this model", hint=f"one of {words}")
