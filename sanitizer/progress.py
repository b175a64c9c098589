"""Progress is a callback that does nothing by default: the core never prints, the CLI decides how to show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Called with the step's name, the units done and the units in all (0 = not known)."""

    def __call__(self, step: str, done: int, total: int) -> None:
        """Report."""


def silent(step: str, done: int, total: int) -> None:
    """Show nothing."""


def track(progress: Progress, step: str, items: Iterable[T]) -> Iterator[T]:
    """Yield `items`, reporting each one after the consumer is done with it."""
    total = len(items) if isinstance(items, Sized) else 0
    progress(step, 0, total)
    for done, item in enumerate(items, start=1):
        yield item
        progress(step, done, total)


def within(progress: Progress, step: str, before: int, total: int) -> Progress:
    """Progress for one part of a longer step: what it does is counted on top of `before`, out of `total`."""
    return lambda _, done, __: progress(step, before + done, total)
