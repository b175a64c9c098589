from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sanitizer.resources.machine import cache_folder, cpus, peak_memory


def test_as_many_as_this_process_may_use() -> None:
    allowed = os.sched_getaffinity(0)
    assert cpus() == len(allowed)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert cpus() == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(
    ("own", "common", "expected"),
    [
        ("/own", "/common", Path("/own")),
        ("~/own", None, Path("/home/me/own")),
        (None, "/common", Path("/common/sanitizer")),
        (None, None, Path("/home/me/.cache/sanitizer")),
        ("", "", Path("/home/me/.cache/sanitizer")),
    ],
)
def test_the_cache_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, own: str | None, common: str | None, expected: Path
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in (("SANITIZER_CACHE", own), ("XDG_CACHE_HOME", common)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert cache_folder() == expected


def test_the_peak_holds_what_was_held_and_let_go() -> None:
    before = peak_memory()
    block = b"x" * (before + (1 << 26))
    del block
    assert peak_memory() - before >= 1 << 26


def test_a_program_is_not_told_the_peak_of_the_one_that_started_it() -> None:
    block = b"x" * (1 << 29)
    code = "from sanitizer.resources.machine import peak_memory; print(peak_memory())"
    found = int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)
    assert 1 << 22 < found < len(block)
