"""`sanitize benchmark`: words arrive, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from helpers.records import make_benchmark, make_cell

import sanitizer.benchmark
from sanitizer.engines.engine import Need
from sanitizer.engines.local import Local
from sanitizer.engines.ray import Ray
from sanitizer.resources.machine import cpus, memory
from sanitizer.schema import to_json


class FakeGrid:
    """Says what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.report = make_benchmark(cells=(make_cell(),))
        self.asked: list[Any] = []
        self.made: list[Path] = []
        self.during: Any = lambda: None
        self.first: Any = None

    def BenchmarkOptions(self, *words: Any, **named: Any) -> Any:  # noqa: N802
        return (*words, named)

    def benchmark(self, options: Any, *, engine: Any, progress: Any, told: Any) -> Any:
        self.asked.append(options)
        self.engine = engine
        self.during()
        if self.first is not None:
            told(self.first)
        told(make_cell())
        return self.report

    def make_example(self, folder: Path, children: Any) -> None:
        self.made.append(folder)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeGrid:
    grid = FakeGrid()
    module = ModuleType("sanitizer.benchmark.grid")
    for name in ("BenchmarkOptions", "benchmark", "make_example"):
        setattr(module, name, getattr(grid, name))
    monkeypatch.setitem(sys.modules, "sanitizer.benchmark.grid", module)
    monkeypatch.setattr(sanitizer.benchmark, "grid", module, raising=False)
    return grid


def test_words_arrive_and_jobs_share_the_cores(sanitize: Any, fake: FakeGrid) -> None:
    done = sanitize(
        *("benchmark", "a/suite.yaml", "--out", "here", "--jobs", "2", "--only", "x", "--only", "0"),
        *("--device", "cpu", "--keep-models"),
    )
    assert done.exit_code == 0, done.stderr
    ((path, out, command, named),) = fake.asked
    assert (path, out) == (Path("a/suite.yaml"), Path("here"))
    assert command == "sanitize benchmark a/suite.yaml --out here"
    assert named == {
        "threads": max(1, cpus() // 2),
        "jobs": 2,
        "only": ("x", "0"),
        "device": "cpu",
        "keep_models": True,
    }


def test_the_engine_has_the_words_about_it(sanitize: Any, fake: FakeGrid) -> None:
    words = ("benchmark", "a.yaml", "--engine", "ray", "--address", "auto", "--gpus", "0.5", "--memory", "4GB")
    assert sanitize(*words).exit_code == 0
    assert fake.engine == Ray(Need(cpus(), 0.5, 4 * 10**9), "auto")
    assert sanitize("benchmark", "a.yaml", "--jobs", "99").exit_code == 0
    assert fake.engine == Local(99, 1)
    assert sanitize("benchmark", "a.yaml", "--jobs", "99", "--memory", f"{memory() // 10**6 - 1}MB").exit_code == 0
    assert fake.engine == Local(1, 1)
    done = sanitize("benchmark", "a.yaml", "--address", "auto")
    assert (done.exit_code, len(fake.asked)) == (2, 3)
    assert "add --engine ray" in done.stderr


def test_the_place_is_named_after_the_suite(sanitize: Any, fake: FakeGrid) -> None:
    for word, place in (("mine.yaml", "mine-benchmark"), ("cards/victims/suite.yaml", "victims-benchmark")):
        assert sanitize("benchmark", word).exit_code == 0
        assert fake.asked[-1][1] == Path(place)


def test_the_command_names_no_folder_outside_of_this_one(sanitize: Any, fake: FakeGrid, tmp_path: Path) -> None:
    sanitize("benchmark", str(tmp_path / "a.yaml"), "--out", str(tmp_path.parent / "b"))
    assert fake.asked[-1][2] == "sanitize benchmark a.yaml --out b"


def test_the_demo_is_made_once(sanitize: Any, fake: FakeGrid) -> None:
    assert sanitize("benchmark", "demo").exit_code == 0
    assert fake.made == [Path("demo-benchmark/demo")]
    assert fake.asked[0][0] == Path("demo-benchmark/demo/suite.yaml")
    Path("demo-benchmark/demo").mkdir(parents=True)
    Path("demo-benchmark/demo/suite.yaml").touch()
    assert sanitize("benchmark", "demo").exit_code == 0
    assert len(fake.made) == 1


def test_table_on_stdout_and_a_line_for_each_cell_on_stderr(sanitize: Any, fake: FakeGrid) -> None:
    done = sanitize("benchmark", "mine.yaml")
    assert done.stderr == "badnets, pure, seed 0: clean accuracy 87.5 %, attack success 25.0 %, 1 min 4 s\n"
    (row,) = (line.split() for line in done.stdout.splitlines() if line.split()[:1] == ["pure"])
    assert row == ["pure", "87.5", "25.0", "3", "1", "min", "4", "s", "1"]
    assert "mine-benchmark/README.md" in done.stdout
    assert sanitize("benchmark", "mine.yaml", "-q").stderr == ""


def test_json_is_the_report(sanitize: Any, fake: FakeGrid) -> None:
    assert sanitize("benchmark", "mine.yaml", "--json").stdout == to_json(fake.report)


def test_a_failed_cell_is_3(sanitize: Any, fake: FakeGrid) -> None:
    fake.report = make_benchmark()
    done = sanitize("benchmark", "mine.yaml", "-q")
    assert (done.exit_code, done.stderr) == (
        3,
        "error: 1 of 2 cells failed; the same command tries them again\n",
    )
    assert "took longer than 7200 s" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_is_130(sanitize: Any, fake: FakeGrid, number: int) -> None:
    before = signal.getsignal(signal.SIGTERM)
    fake.during = lambda: os.kill(os.getpid(), number)
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is started deaf to it
    try:
        done = sanitize("benchmark", "mine.yaml", "-q")
    finally:
        signal.signal(signal.SIGINT, heard)
    assert (done.exit_code, done.stdout) == (130, "")
    assert done.stderr == "interrupted; finished cells are kept; the same command does the rest\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_missing_suite_is_2(sanitize: Any) -> None:
    done = sanitize("benchmark", "none.yaml")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "suite none.yaml cannot be read" in done.stderr


def test_a_planted_victim_is_a_line_on_stderr(sanitize: Any, fake: FakeGrid) -> None:
    from sanitizer.benchmark.planting import Planted

    fake.first = Planted("word", failed="no texts")
    assert sanitize("benchmark", "mine.yaml").stderr.startswith("word: not planted: no texts\nbadnets, pure")


def test_dry_run_says_what_would_be_planted(sanitize: Any, tmp_path: Path) -> None:
    from helpers.suites import make_planting

    suite = str(make_planting(tmp_path / "tiny", victims=[{"name": "word", "plant": {"attack": "addsent", "seed": 3}}]))
    told = sanitize("benchmark", suite, "--dry-run").stdout.splitlines()
    assert told[0] == "plant  word: addsent in control, learned from train.csv, seed 3"
    assert told[-1] == "1 victim to plant; 3 cells, 3 to do. Nothing was run."
    (plant,) = json.loads(sanitize("benchmark", suite, "--dry-run", "--json", "--out", "here").stdout)["plants"]
    assert (plant["victim"], plant["attack"], plant["seed"], plant["settings"]) == ("word", "addsent", 3, {})
    assert Path(plant["output"]).parent == Path("here/victims").resolve()


def test_dry_run_says_what_is_to_do(sanitize: Any, tmp_path: Path) -> None:
    from helpers.suites import make_suite

    suite = str(make_suite(tmp_path / "tiny"))
    done = sanitize("benchmark", suite, "--dry-run", "--only", "0")
    assert done.exit_code == 0, done.stderr
    assert [line.split(maxsplit=2)[2] for line in done.stdout.splitlines()[:3]] == [
        "one, untreated",
        "one, control",
        "one, quick, seed 0",
    ]
    assert "3 cells, 3 to do. Nothing was run." in done.stdout
    document = json.loads(sanitize("benchmark", suite, "--dry-run", "--json").stdout)
    assert [cell["to_do"] for cell in document["cells"]] == [True] * 3
    assert not (tmp_path / "tiny-benchmark").exists()
