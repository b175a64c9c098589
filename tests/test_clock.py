"""The clock: steps in their order, with the seconds that passed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from sanitizer.clock import Clock


def test_steps_are_listed_in_order_with_their_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([10.0, 12.5, 100.0, 100.25])
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))
    clock = Clock()
    for name in ("vet", "scan"):
        with clock.step(name):
            pass
    assert [(timing.step, timing.seconds) for timing in clock.timings()] == [("vet", 2.5), ("scan", 0.25)]


def test_the_start_is_now_in_utc() -> None:
    started = datetime.fromisoformat(Clock().started)
    assert started.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - started) < timedelta(seconds=60)


def test_a_step_that_failed_has_no_time() -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="broken"), clock.step("broken"):
        raise ValueError("broken")
    assert clock.timings() == ()
