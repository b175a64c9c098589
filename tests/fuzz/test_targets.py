"""A moment of fuzzing in every run of the tests; `python tests/fuzz/run.py` does it for as long as one likes."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz import targets
from fuzz.mutate import mutated
from fuzz.targets import SEEDS, TARGETS, WORDS
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.vet.header import Header
from sanitizer.vet.safetensors import read_header

MOMENT = 300


@pytest.mark.parametrize("name", TARGETS)
def test_good_files_are_understood_alike(name: str) -> None:
    for data in SEEDS[name]:
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
@given(seed=st.integers(0, 2**32))
def test_nearly_good_files_are_understood_alike_or_refused(name: str, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(MOMENT // 100):
        TARGETS[name](mutated(rng, SEEDS[name], WORDS[name]))


def test_a_reader_that_sees_something_else_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def lenient(data: bytes, size: int) -> Header:
        return read_header(data.replace(b'"c"', b'"a"'), size)

    monkeypatch.setattr(targets, "read_header", lenient)
    with pytest.raises(AssertionError):
        targets.header(SEEDS["header"][0].replace(b'"a"', b'"c"'))


def test_the_long_command_runs_and_says_what_it_did() -> None:
    command = [
        sys.executable,
        str(Path(__file__).parent / "run.py"),
        "config",
        "--seconds",
        "0.3",
        "--engine",
        "random",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("config: ")
