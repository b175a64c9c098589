"""How many texts at a time: as many as asked for, and half of that where memory does not suffice.

Batches come longest first, so a lack of memory shows at once and little work is lost. What is given up is the whole
piece of work, and random numbers are drawn again from where it began: what it then gives is what it would have given
with the smaller size from the start.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import torch

from sanitizer.errors import ResourceError
from sanitizer.resources.memory import out_of_memory

T = TypeVar("T")


@dataclass
class Halving:
    """The present size, and what to tell a reader about how it became that."""

    size: int
    remarks: list[str] = field(default_factory=list)

    def work(self, name: str, do: Callable[[int], T], *, generator: torch.Generator | None = None) -> T:
        """What `do` makes of the size. It must leave nothing behind when it fails.

        Raises ResourceError where one text at a time is too many.
        """
        state = None if generator is None else generator.get_state()
        while True:
            try:
                return do(self.size)
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
            self._halve(name)  # outside of `except`, whose traceback holds on to what was computed
            if generator is not None and state is not None:
                generator.set_state(state)

    def _halve(self, name: str) -> None:
        if self.size == 1:
            raise ResourceError(
                f"out of memory at {name}, with one text at a time",
                hint="--dtype bfloat16 takes half of the memory of float32, --max-memory spreads a model over devices, "
                "main memory and disk; --dry-run says what is needed",
            )
        self.remarks.append(
            f"memory did not suffice at {name} with {self.size} texts at a time: {self.size // 2} since"
        )
        self.size //= 2
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
