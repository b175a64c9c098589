"""Progress with a time to go, for steps that take longer than a moment: a bar on a terminal, lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from sanitizer.numbers import span
from sanitizer.progress import Progress, silent
from sanitizer.text import clean

MOMENT = 2.0
"""Seconds a step may take without being mentioned."""
PAUSE, LONGEST_PAUSE = 5.0, 30.0
"""Seconds between two lines where there is no terminal; a long step is told less often."""
LONGEST_UNIT = 3600.0
"""Seconds that the time to go is judged by: one unit of a benchmark is a run, and takes minutes."""


@contextmanager
def showing(console: Console, *, quiet: bool = False) -> Iterator[Progress]:
    """A progress callback that shows itself on `console` within this context."""
    if quiet:
        yield silent
    elif console.is_terminal:
        with Bars(console) as bars:
            yield bars.report
    else:
        yield Lines(lambda line: console.print(line, markup=False, soft_wrap=True), time.monotonic)


class Bars(RichProgress):
    """A bar for the step at work, once it has run longer than a moment; nothing stays behind."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        super().__init__(
            *columns,
            TimeRemainingColumn(),
            console=console,
            transient=True,
            get_time=clock,
            speed_estimate_period=LONGEST_UNIT,
        )
        self._step, self._bar = "", TaskID(-1)

    def report(self, step: str, done: int, total: int) -> None:
        """The callback. Another step, or the same one started over, gets a new bar."""
        if step != self._step or done == 0:
            if self._step:
                self.remove_task(self._bar)
            self._step, self._bar = step, self.add_task(clean(step), total=total or None)
        self.update(self._bar, completed=done, total=total or None)

    def get_renderables(self) -> Iterator[RenderableType]:
        """What is on the terminal now; asked several times a second, so that a step that hangs is shown as well."""
        yield self.make_tasks_table([task for task in self.tasks if not task.finished and _long(task)])


def _long(task: Task) -> bool:
    return (task.elapsed or 0.0) > MOMENT


class Lines:
    """A line every few seconds, and one at the end of a step that had any."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._write, self._clock = write, clock
        self._step, self._began, self._spoke, self._said = "", 0.0, 0.0, False

    def __call__(self, step: str, done: int, total: int) -> None:
        """The callback."""
        now = self._clock()
        if step != self._step or done == 0:
            self._step, self._began, self._spoke, self._said = step, now, now + MOMENT - PAUSE, False
        elapsed = now - self._began
        if total and done >= total:
            if self._said:
                self._write(f"{clean(step)}: done in {span(elapsed)}")
            self._said = False
        elif now - self._spoke >= min(max(PAUSE, elapsed / 10), LONGEST_PAUSE):
            self._spoke, self._said = now, True
            self._write(f"{clean(step)}: {_state(done, total, elapsed)}")


def _state(done: int, total: int, elapsed: float) -> str:
    if not total:
        return f"{done}, {span(elapsed)} so far"
    if not done:
        return f"0/{total}, {span(elapsed)} so far"
    return f"{done}/{total} ({100 * done // total} %), about {span(elapsed / done * (total - done))} left"
