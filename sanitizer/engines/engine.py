"""What an engine is: it runs tasks that do not know each other, side by side, and says what came of each.

The work is called with the task and with `Children`, by which it starts processes: none of them outlives the engine.
An engine decides where and when; it retries nothing but tasks whose worker was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sanitizer.engines.children import Children
from sanitizer.errors import UsageError

T = TypeVar("T")
R = TypeVar("R")
Work = Callable[[T, Children], R]
"""Has to survive pickling, as do tasks and results: a worker may be another process, on another machine."""


@dataclass(frozen=True)
class Need:
    """What one task takes: cores, GPUs (a share of one, too) and, if it is known, memory in bytes.

    Raises UsageError for less than one core and for negative numbers.
    """

    cpus: int = 1
    gpus: float = 0.0
    memory: int | None = None

    def __post_init__(self) -> None:
        if self.cpus < 1 or self.gpus < 0 or (self.memory is not None and self.memory < 1):
            raise UsageError(f"a task cannot take {self}", hint="at least one core, no GPU or some, and some memory")


@dataclass(frozen=True)
class Lost:
    """A task whose worker was lost every time; `reason` is what was said of the last one."""

    reason: str


@dataclass(frozen=True)
class Done(Generic[T, R]):
    """A task, what its work returned, and how many workers were lost before it did."""

    task: T
    result: R | Lost
    lost: int = 0


class Engine(Protocol):
    """Runs tasks."""

    def each(self, work: Work[T, R], tasks: Sequence[T]) -> Generator[Done[T, R], None, None]:
        """Yield each task as soon as it is done, in any order. Closing the iterator ends what still runs.

        What the work raises is raised here, and ends the others: work that may fail returns its failure.
        """
