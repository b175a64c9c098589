"""How long each step of a run took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sanitizer.report import Timing


class Clock:
    """Wall-clock seconds per step, in the order the steps ran; `started` is the time of day in UTC, ISO 8601."""

    def __init__(self) -> None:
        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        self._steps: list[Timing] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        began = time.monotonic()
        yield
        self._steps.append(Timing(name, time.monotonic() - began))

    def timings(self) -> tuple[Timing, ...]:
        """The steps so far."""
        return tuple(self._steps)
