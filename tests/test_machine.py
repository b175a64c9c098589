from __future__ import annotations

import os

from sanitizer.machine import cpus


def test_as_many_as_this_process_may_use() -> None:
    allowed = os.sched_getaffinity(0)
    assert cpus() == len(allowed)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert cpus() == 1
    finally:
        os.sched_setaffinity(0, allowed)
