"""A fleet whole, on this machine: real processes on small folders, and what is done a second time."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import make
from helpers.fleets import BROKEN, HOSTILE, make_fleet

from sanitizer.engines.engine import Done, Lost
from sanitizer.engines.local import Local
from sanitizer.errors import UsageError
from sanitizer.fleet.identity import identity_of
from sanitizer.fleet.kept import JSON, MARKDOWN, PAGE, SARIF, load
from sanitizer.fleet.operation import FleetOptions, fleet, plan
from sanitizer.fleet.order import Order, key_of
from sanitizer.fleet.work import Job, Outcome, Task
from sanitizer.options import Gatekeeping, RunOptions, VetOptions
from sanitizer.report import CheckpointRecord, FleetReport
from sanitizer.schema import from_json

VET = Order.of("vet", VetOptions(""))


@dataclass
class Canned:
    """An engine that answers at once, without any process."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def each(self, work: Any, tasks: Sequence[Task]) -> Generator[Done[Any, Any], None, None]:
        assert isinstance(work, Job)
        for task in tasks:
            self.asked.append(task.entry.name)
            found = self.answers.get(task.entry.name, "done")
            if isinstance(found, BaseException):
                raise found
            if isinstance(found, Lost):
                yield Done(task, found, 3)
                continue
            record = replace(work.blank(task), answer=found, said=f"it is {found}", hint="")
            identity = task.commit or identity_of(task.entry.ref, None)
            yield Done(task, Outcome(replace(record, key=key_of(work.digest, identity)), "{}", ""), 0)


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate("abc"):
        make(tmp_path / "models" / name, vocab_size=50 + number)
    (tmp_path / "list.txt").write_text("models/a\nmodels/b\nmodels/c\n")
    return Path("list.txt")


def options(listed: Path, order: Order = VET, **changes: Any) -> FleetOptions:
    return FleetOptions(listed, order, Path("out"), **changes)


@pytest.mark.slow
def test_hostile_and_broken_ones_touch_no_other(tmp_path: Path) -> None:
    """The same as the thirty on Ray (`test_on_ray.py`), on this machine and with two good ones."""
    wanted = FleetOptions(make_fleet(tmp_path, good=2), VET, tmp_path / "out")
    told: list[CheckpointRecord] = []
    report = fleet(wanted, Local(2), told=told.append)
    assert report.counts == {"done": 2, "refused": len(HOSTILE), "inconclusive": 1, "gate failed": 0}
    assert report.exit_code == 1
    assert (report.missing, len(told)) == ((), 8)
    for record in report.checkpoints:
        rules = {finding.rule for finding in record.vetting.findings} if record.vetting is not None else set()
        if record.name in HOSTILE:
            assert HOSTILE[record.name][0] in rules, record
        assert load(tmp_path / "out" / record.folder) == record
        assert (tmp_path / "out" / record.folder / "report.json").exists()
    again: list[CheckpointRecord] = []
    second = fleet(wanted, Local(2), told=again.append)
    assert [record.name for record in again] == [BROKEN], "what is finished is not done again"
    assert [(r.name, r.answer, r.said, r.key) for r in second.checkpoints] == [
        (r.name, r.answer, r.said, r.key) for r in report.checkpoints
    ]


def test_the_report_is_written_in_four_forms(listed: Path) -> None:
    report = fleet(options(listed, words=("--fail-on", "high")), Canned({"models/b": "refused"}))
    out = Path("out")
    assert from_json((out / JSON).read_text(), "fleet") == report
    assert isinstance(report, FleetReport)
    assert [record.name for record in report.checkpoints] == ["models/a", "models/b", "models/c"]
    assert (report.list, report.options, report.verb) == ("list.txt", ("--fail-on", "high"), "vet")
    assert "models/b" in (out / PAGE).read_text() and "models/b" in (out / MARKDOWN).read_text()
    runs = json.loads((out / SARIF).read_text())["runs"]
    assert len(runs) == 3


@pytest.mark.parametrize("answer", ["done", "refused", "gate failed"])
def test_what_is_finished_is_not_done_again_until_something_changes(listed: Path, answer: str) -> None:
    engine = Canned({"models/b": answer})
    fleet(options(listed), engine)
    engine.asked.clear()
    report = fleet(options(listed), engine)
    assert engine.asked == []
    assert [record.answer for record in report.checkpoints] == ["done", answer, "done"]
    Path("models/b/notes.txt").write_text("one more file")
    assert [task.entry.name for task in plan(options(listed)).to_do] == ["models/b"]
    strict = Order.of("vet", VetOptions("", gate=Gatekeeping("low")))
    assert len(plan(options(listed, strict)).to_do) == 3
    Path("list.txt").write_text("\n# moved\nmodels/c\nmodels/a\n")
    moved = plan(options(listed))
    assert (moved.to_do, [moved.finished[task.stem].line for task in moved.tasks]) == ((), [3, 4])


def test_what_is_inconclusive_is_tried_again(listed: Path) -> None:
    engine = Canned({"models/b": "inconclusive", "models/c": Lost("its worker was lost")})
    report = fleet(options(listed), engine)
    assert [(r.answer, r.tries) for r in report.checkpoints] == [("done", 1), ("inconclusive", 1), ("inconclusive", 3)]
    assert report.checkpoints[2].said == "its worker was lost"
    assert report.exit_code == 3
    second = Canned()
    assert fleet(options(listed), second).exit_code == 0
    assert second.asked == ["models/b", "models/c"]


def test_an_interruption_keeps_what_is_finished_and_names_the_rest(listed: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fleet(options(listed), Canned({"models/b": KeyboardInterrupt()}))
    report = from_json(Path("out", JSON).read_text(), "fleet")
    assert isinstance(report, FleetReport)
    assert [record.name for record in report.checkpoints] == ["models/a"]
    assert (report.missing, report.exit_code) == (("models/b", "models/c"), 3)
    engine = Canned()
    fleet(options(listed), engine)
    assert engine.asked == ["models/b", "models/c"]


def test_where_nothing_could_begin_there_is_no_report(listed: Path) -> None:
    with pytest.raises(UsageError):
        fleet(options(listed), Canned({"models/a": UsageError("Ray is not installed")}))
    assert list(Path("out").iterdir()) == []


def test_a_model_of_an_earlier_answer_does_not_stay(listed: Path) -> None:
    report = fleet(options(listed), Canned())
    model = Path("out", report.checkpoints[0].folder, "model")
    model.mkdir()
    Path("models/a/x").touch()
    fleet(options(listed), Canned({"models/a": "refused"}))
    assert not model.exists()


def test_what_is_wrong_with_the_words_is_said_before_anything_is(listed: Path, tmp_path: Path) -> None:
    engine = Canned()
    with pytest.raises(UsageError, match="gradeint"):
        fleet(options(listed, Order.of("run", RunOptions("", strategy="gradeint"))), engine)
    Path("list.txt").write_text("./models/none\n")
    with pytest.raises(UsageError, match=r"list\.txt:1"):
        fleet(options(listed), engine)
    Path("file").touch()
    with pytest.raises(UsageError, match="not a folder"):
        fleet(replace(options(listed), out=Path("file")), engine)
    assert (engine.asked, Path("out").exists()) == ([], False)


def test_a_broken_record_is_none(listed: Path) -> None:
    report = fleet(options(listed), Canned())
    Path("out", report.checkpoints[1].folder, "record.json").write_text("{")
    assert [task.entry.name for task in plan(options(listed)).to_do] == ["models/b"]
