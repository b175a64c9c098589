"""Progress under a clock that the test moves."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from sanitizer.progress import silent
from sanitizer.terminal.progress import Bars, Lines, showing


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def run(
    progress: Callable[[str, int, int], None], clock: Clock, seconds: float, total: int, step: str = "scan"
) -> None:
    """A step of `total` units that takes `seconds`."""
    progress(step, 0, total)
    for done in range(1, total + 1):
        clock.now += seconds / total
        progress(step, done, total)


def test_a_short_step_is_not_mentioned(clock: Clock) -> None:
    said: list[str] = []
    run(Lines(said.append, clock), clock, 1.9, 100)
    assert said == []


def test_a_long_step_is_told_every_few_seconds_with_the_time_to_go(clock: Clock) -> None:
    said: list[str] = []
    run(Lines(said.append, clock), clock, 20, 20)
    assert said == [
        "scan: 2/20 (10 %), about 18 s left",
        "scan: 7/20 (35 %), about 13 s left",
        "scan: 12/20 (60 %), about 8.0 s left",
        "scan: 17/20 (85 %), about 3.0 s left",
        "scan: done in 20 s",
    ]


def test_every_step_has_its_own_moment(clock: Clock) -> None:
    said: list[str] = []
    lines = Lines(said.append, clock)
    for _ in range(20):
        run(lines, clock, 1.0, 4, "evaluate")  # the same step, over and over
    assert said == []
    run(lines, clock, 4.0, 4, "tune")
    assert said == ["tune: 2/4 (50 %), about 2.0 s left", "tune: done in 4.0 s"]


def test_a_step_of_unknown_length_says_how_far_it_is(clock: Clock) -> None:
    said: list[str] = []
    lines = Lines(said.append, clock)
    lines("download", 0, 0)
    clock.now += 3
    lines("download", 7, 0)
    assert said == ["download: 7, 3.0 s so far"]


def test_nothing_done_yet_promises_no_time(clock: Clock) -> None:
    said: list[str] = []
    lines = Lines(said.append, clock)
    lines("wait\x1b[2J", 1, 9)
    clock.now += 2
    lines("wait\x1b[2J", 0, 9)
    clock.now += 2
    lines("wait\x1b[2J", 1, 9)
    assert said == ["wait[2J: 1/9 (11 %), about 16 s left"]


def shown(bars: Bars) -> str:
    console = Console(file=io.StringIO(), width=80)
    for renderable in bars.get_renderables():
        console.print(renderable)
    return console.file.getvalue().strip()  # type: ignore[attr-defined,no-any-return]


def test_a_bar_appears_after_a_moment_and_leaves_when_done(clock: Clock) -> None:
    bars = Bars(Console(file=io.StringIO()), clock)
    bars.report("score [heads]", 0, 10)
    clock.now += 1.9
    bars.report("score [heads]", 4, 10)
    assert shown(bars) == ""
    clock.now += 0.2  # no call: a step that hangs is shown all the same
    assert shown(bars).startswith("score [heads]")
    assert "4/10" in shown(bars)
    bars.report("score [heads]", 10, 10)
    assert shown(bars) == ""


def test_a_step_that_starts_over_or_another_one_takes_the_bar(clock: Clock) -> None:
    bars = Bars(Console(file=io.StringIO()), clock)
    bars.report("a", 0, 0)
    clock.now += 5
    assert shown(bars).startswith("a")
    bars.report("b", 0, 3)
    assert shown(bars) == ""
    clock.now += 5
    assert shown(bars).startswith("b")
    bars.report("b", 0, 3)
    assert shown(bars) == ""


def test_where_it_is_shown_depends_on_the_console() -> None:
    plain, terminal = (Console(file=io.StringIO(), force_terminal=force) for force in (False, True))
    with showing(plain) as progress:
        assert isinstance(progress, Lines)
    with showing(terminal) as progress:
        assert progress.__name__ == "report"  # type: ignore[attr-defined]
    for console in (plain, terminal):
        with showing(console, quiet=True) as progress:
            assert progress is silent


def test_a_step_of_hours_does_not_fill_a_log(clock: Clock) -> None:
    said: list[str] = []
    run(Lines(said.append, clock), clock, 3600, 3600)
    assert 120 <= len(said) <= 150  # one in 30 seconds, more often at the start
