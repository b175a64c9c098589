"""A run that was killed, and the same words again."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.runs import make_suspect, make_tsv, options

from sanitizer import pipeline
from sanitizer.pipeline import RunResult

TESTS = Path(__file__).parents[1]
RECIPE = """
strategy: gradient
treatments:
  - remove
  - entropy: {unsure_epochs: 2, epochs: 3, patience: 3, learning_rate: 1.0e-3}
"""
KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from helpers.runs import options
from sanitizer.pipeline import run

def kill(step, done, total):
    if step == "teach the task" and 2 * done > total:
        os.kill(os.getpid(), signal.SIGKILL)

here = Path(sys.argv[2])
run(options(here / "suspect", here / "clean.tsv", here / "out", recipe=here / "recipe.yaml"), progress=kill)
"""

INTERRUPTED = """
import os, signal, sys
from contextlib import contextmanager

signal.signal(signal.SIGINT, signal.default_int_handler)  # a test may run where it is ignored

def interrupt(step, done, total):
    if step == "teach the task" and 2 * done > total:
        os.kill(os.getpid(), signal.SIGINT)

@contextmanager
def showing(console, *, quiet=False):
    yield interrupt

from sanitizer.commands import session
session.showing = showing
from sanitizer.cli import main
sys.exit(main())
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SANITIZER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    make_suspect(tmp_path / "suspect")
    make_tsv(tmp_path / "clean.tsv")
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    return tmp_path


def run(here: Path, output: str, **changes: Any) -> RunResult:
    words = {"recipe": here / "recipe.yaml", **changes}
    return pipeline.run(options(here / "suspect", here / "clean.tsv", here / output, **words))


def model_in(folder: Path) -> dict[str, str]:
    """The files that make the model; report and card tell of times as well."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file() and path.name != "README.md"
    }


def test_a_killed_run_is_continued_and_ends_in_the_same_bytes(here: Path, cache: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(TESTS), str(here)]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (here / "out").exists()
    assert len(list(cache.iterdir())) == 2, "one for each of the two tunings"

    continued = run(here, "out").report
    assert [warning for warning in continued.warnings if "continued" in warning] == [
        "raise entropy, continued from epoch 2 of 2, which an interrupted run had finished",
        "teach the task, continued from epoch 1 of 3, which an interrupted run had finished",
    ]
    assert list(cache.iterdir()) == [], "it succeeded"

    whole = run(here, "whole", resume=False).report
    assert model_in(here / "out") == model_in(here / "whole")
    assert "model.safetensors" in model_in(here / "out")
    assert continued.after == whole.after
    assert [one.observed for one in continued.treatments] == [one.observed for one in whole.treatments]


def test_control_c_ends_130_leaves_what_was_there_and_the_same_words_go_on(here: Path, cache: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "old.txt").write_text("as it was")
    before = sorted(path.name for path in here.iterdir())
    words = (str(here / "suspect"), "--data", str(here / "clean.tsv"), "--recipe", str(here / "recipe.yaml"))
    command = [sys.executable, "-c", INTERRUPTED, *words, "--output", str(here / "out"), "--force"]
    done = subprocess.run([*command, "--max-accuracy-drop", "1"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, ""), done.stderr
    assert "interrupted" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in (here / "out").iterdir()] == ["old.txt"]
    assert sorted({path.name for path in here.iterdir()} - {"cache"}) == before, "nothing half-written is left"
    assert len(list(cache.iterdir())) == 2
    again = subprocess.run(
        [sys.executable, "-m", "sanitizer", *command[3:], "--max-accuracy-drop", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    assert "teach the task, continued from epoch 1 of 3" in " ".join(again.stdout.split())
    assert not (here / "out" / "old.txt").exists()
    assert list(cache.iterdir()) == []


def test_no_resume_neither_reads_nor_keeps_anything(here: Path, cache: Path) -> None:
    report = run(here, "out", resume=False).report
    assert not cache.exists()
    assert not [warning for warning in report.warnings if "continued" in warning]


def test_a_run_that_fails_after_tuning_keeps_the_state_for_the_next_try(here: Path, cache: Path) -> None:
    def fail(step: str, done: int, total: int) -> None:
        if step == "measure after":
            raise OSError("the plug was pulled")

    words = options(here / "suspect", here / "clean.tsv", here / "out", recipe=here / "recipe.yaml")
    with pytest.raises(OSError, match="plug"):
        pipeline.run(words, progress=fail)
    assert len(list(cache.iterdir())) == 2
    assert [warning for warning in run(here, "out").report.warnings if "continued" in warning]
