"""`sanitize fleet`: words arrive, options of the verb go with it or are refused, and how it ends."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import make
from helpers.records import make_checkpoint, make_fleet_report

from sanitizer.commands.fleet_words import HANDED_ON, VERBS
from sanitizer.engines.engine import Need
from sanitizer.engines.ray import Ray
from sanitizer.fleet import operation
from sanitizer.options import DataOptions, ForensicsOptions, Gatekeeping, RunOptions, ScanOptions, VetOptions
from sanitizer.recipes import find
from sanitizer.schema import from_json, to_json


class FakeFleet:
    """Says what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.report = make_fleet_report(missing=())
        self.asked: list[tuple[operation.FleetOptions, Any]] = []
        self.during: Any = lambda: None

    def fleet(self, options: Any, engine: Any, *, progress: Any, told: Any) -> Any:
        self.asked.append((options, engine))
        self.during()
        told(make_checkpoint())
        return self.report


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeFleet:
    fleet = FakeFleet()
    monkeypatch.setattr(operation, "fleet", fleet.fleet)
    return fleet


@pytest.fixture
def listed(tmp_path: Path) -> str:
    make(tmp_path / "models" / "a")
    (tmp_path / "models.txt").write_text("models/a\norg/b@" + "0" * 40 + "\n")
    (tmp_path / "data.tsv").write_text("text\na\n")
    return "models.txt"


def test_words_of_a_vet_arrive(sanitize: Any, fake: FakeFleet, listed: str) -> None:
    done = sanitize(
        *("fleet", listed, "--fail-on", "high", "--out", "there", "--retries", "0", "--timeout", "9"),
        env={"HF_TOKEN": "hf_secretsecret"},
    )
    assert done.exit_code == 1, done.stderr
    ((options, engine),) = fake.asked
    assert (options.list, options.out, options.timeout, options.retries) == (Path(listed), Path("there"), 9, 0)
    assert (options.order.verb, options.words, options.engine) == ("vet", ("--fail-on", "high"), "local")
    assert options.order.options == VetOptions("", gate=Gatekeeping("high"))
    assert options.order.token == "hf_secretsecret"
    assert type(engine).__name__ == "Local"


def test_words_of_a_run_arrive(sanitize: Any, fake: FakeFleet, listed: str, tmp_path: Path) -> None:
    words = ("--do", "run", "--data", "data.tsv", "--set", "of=key", "--seed", "3", "--max-heads", "2", "--no-resume")
    assert sanitize("fleet", listed, *words, "--engine", "ray", "--cpus", "2", "--gpus", "1").exit_code == 1
    ((options, engine),) = fake.asked
    assert options.out == Path("models-run")
    assert engine == Ray(Need(2, 1.0, None), None, 2)
    expected = RunOptions(
        "", DataOptions(str(tmp_path / "data.tsv")), seed=3, settings={"of": "key"}, max_heads=2, resume=False
    )
    assert options.order.options == expected
    assert sorted(options.words) == sorted(words[2:])
    sanitize("fleet", listed, "--do", "run", "--recipe", "pure")
    assert fake.asked[-1][0].order.recipe == find("pure")


def test_words_of_a_scan_arrive(sanitize: Any, fake: FakeFleet, listed: str) -> None:
    assert sanitize("fleet", listed, "--do", "scan", "--ablate").exit_code == 1
    assert fake.asked[0][0].order.options == ScanOptions("", ablate=True)


def test_words_of_forensics_arrive(sanitize: Any, fake: FakeFleet, listed: str) -> None:
    assert sanitize("fleet", listed, "--do", "forensics", "--base", "org/base").exit_code == 1
    assert fake.asked[0][0].order.options == ForensicsOptions("", base="org/base")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--do", "forensics", "--data", "data.tsv"), "--data is an option of scan and run, not of forensics"),
        (("--do", "vet", "--strategy", "gradient"), "--strategy is an option of run, not of vet"),
        (("--do", "vet", "--data", "data.tsv"), "--data is an option of scan and run, not of vet"),
        (("--do", "scan", "--max-heads", "3"), "--max-heads is an option of run, not of scan"),
        (("--do", "run", "--recipe", "pure", "--strategy", "gradient"), "--recipe already says"),
        (("--do", "run", "--max-accuracy-drop", "0.1", "--min-accuracy", "0.9"), "two rules for one thing"),
        (("--do", "run", "--push-to", "me/x"), "No such option"),
        (("--do", "vet", "--fail-on", "none"), "'none' is not one of"),
        (
            (
                "--do",
                "apply",
            ),
            "'apply' is not one of",
        ),
        (("--address", "auto"), "add --engine ray"),
        (("--gpus", "1"), "add --engine ray"),
        (("--memory", "9000T"), "ask for less --memory"),
        (("--policy", "none.yaml"), "does not exist"),
    ],
)
def test_a_bad_word_is_2_before_anything_starts(
    sanitize: Any, fake: FakeFleet, listed: str, words: tuple[str, ...], says: str
) -> None:
    done = sanitize("fleet", listed, *words)
    assert (done.exit_code, fake.asked, done.stdout) == (2, [], "")
    assert says in done.stderr
    assert not Path("models-vet").exists()


def test_every_option_of_a_verb_is_handed_on_or_is_the_fleets_own() -> None:
    """One that is added to a command has to be put into the table, or here with a reason."""
    own = {
        *("model", "revision", "lock", "token", "as_json", "quiet", "verbose", "dry_run"),
        # Where to and in which form: a fleet has its own.
        *("output", "force", "form", "anchor", "rebuild"),
        # One checkpoint's: inputs to hold against it, and where to publish it.
        *("inputs", "inputs_column", "push_to", "private", "create_pr"),
    }
    for verb, command in VERBS.items():
        names = {parameter.name for parameter in command.params}
        assert names - set(HANDED_ON[verb]) <= own, verb
        assert set(HANDED_ON[verb]) <= names


def test_counts_on_stdout_and_a_line_for_each_on_stderr(sanitize: Any, fake: FakeFleet, listed: str) -> None:
    done = sanitize("fleet", listed)
    assert done.stderr.startswith("org/reviews@v2: refused: weights.pickle-unread")
    assert "1  refused" in done.stdout
    assert "models-vet/fleet.html" in done.stdout
    assert sanitize("fleet", listed, "-q").stderr == ""


def test_json_is_the_report(sanitize: Any, fake: FakeFleet, listed: str) -> None:
    assert sanitize("fleet", listed, "--json").stdout == to_json(fake.report)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        (("done", "done"), 0),
        (("done", "gate failed"), 4),
        (("gate failed", "inconclusive"), 3),
        (("inconclusive", "refused", "gate failed"), 1),
    ],
)
def test_the_exit_code_is_the_gravest(
    sanitize: Any, fake: FakeFleet, listed: str, answers: tuple[Any, ...], code: int
) -> None:
    fake.report = make_fleet_report(checkpoints=tuple(make_checkpoint(answer=answer) for answer in answers), missing=())
    assert sanitize("fleet", listed).exit_code == code
    fake.report = make_fleet_report(checkpoints=fake.report.checkpoints, missing=("x",))
    assert sanitize("fleet", listed).exit_code == (1 if code == 1 else 3)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_is_130(sanitize: Any, fake: FakeFleet, listed: str, number: int) -> None:
    fake.during = lambda: os.kill(os.getpid(), number)
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        done = sanitize("fleet", listed, "-q")
    finally:
        signal.signal(signal.SIGINT, heard)
    assert (done.exit_code, done.stdout) == (130, "")
    assert done.stderr == "interrupted; finished checkpoints are kept; the same command does the rest\n"


def test_dry_run_says_what_is_to_do(sanitize: Any, fake: FakeFleet, listed: str) -> None:
    done = sanitize("fleet", listed, "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == [
        "to do        models/a",
        f"to do        org/b@{'0' * 40}  {'0' * 12}",
        "2 checkpoints, 2 to do. Nothing was run.",
    ]
    document = json.loads(sanitize("fleet", listed, "--dry-run", "--json").stdout)
    assert next((one["name"], one["to_do"]) for one in document["checkpoints"]) == ("models/a", True)
    assert (fake.asked, Path("models-vet").exists()) == ([], False)


@pytest.mark.slow
def test_a_real_one(sanitize: Any, listed: str) -> None:
    Path(listed).write_text("models/a\n")
    done = sanitize("fleet", listed, "--json", "-q")
    assert done.exit_code == 0, done.stderr
    report = from_json(done.stdout, "fleet")
    assert report == from_json(Path("models-vet/fleet.json").read_text(), "fleet")
