"""Fields of records that reports of earlier versions lack: one that is absent is read as its default, "not recorded".

A record keeps the number of its schema for as long as reports that were written under it can be read; to every other
field a report owes a value, so that one that was cut short is no report.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from typing import Any, TypeVar

T = TypeVar("T")
_MARK = "later"


def later(default: T) -> T:
    """What a field is given in the class: it was added later, and `default` says that nothing is known of it."""
    return dataclasses.field(default=default, metadata={_MARK: True})


def owed(record: type[Any]) -> dict[str, tuple[str, ...]]:
    """For a record and every record in it, by the name of its class: the fields that a report may not lack."""
    return {
        kind.__name__: tuple(field.name for field in dataclasses.fields(kind) if _MARK not in field.metadata)
        for kind in _within(record, set())
    }


def _within(hint: Any, seen: set[Any]) -> Iterator[type[Any]]:
    """Dataclasses that a type is made of, each once."""
    for inner in typing.get_args(hint):
        yield from _within(inner, seen)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and hint not in seen:
        seen.add(hint)
        yield hint
        for inner in typing.get_type_hints(hint).values():
            yield from _within(inner, seen)
