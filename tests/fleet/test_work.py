"""One checkpoint by a process of its own, and again where that is worth it. Processes are stood in for, but for one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import make
from pydantic import TypeAdapter

from sanitizer.engines.children import Children, Ended, KilledError
from sanitizer.errors import IncompleteError
from sanitizer.fleet.child import ANSWER, TASK, Answer
from sanitizer.fleet.identity import folder_digest
from sanitizer.fleet.listing import Entry
from sanitizer.fleet.order import Order, key_of
from sanitizer.fleet.work import Job, Task, surroundings
from sanitizer.options import RunOptions, VetOptions
from sanitizer.report import CheckpointRecord
from sanitizer.source import HubRef, LocalRef

Say = Callable[[dict[str, Any]], Answer]
HUB = Task(Entry("org/a@v2", HubRef("org/a", "v2"), 3), "c" * 40)


class Scripted(Children):
    """Processes that answer what the script says, or raise it; `asked` are their tasks and surroundings."""

    def __init__(self, *script: Answer | BaseException) -> None:
        super().__init__(1)
        self.script = list(script)
        self.asked: list[tuple[dict[str, Any], dict[str, str]]] = []

    def run(self, words: Any, folder: Path, *, env: Any = None, log: Path, **how: Any) -> Ended:  # type: ignore[override]
        self.asked.append((json.loads((folder / TASK).read_text()), dict(env)))
        log.write_text(log.read_text() + f"try {len(self.asked)} in {folder}\n")
        said = self.script.pop(0)
        if isinstance(said, BaseException):
            raise said
        (folder / ANSWER).write_bytes(TypeAdapter(Answer).dump_json(said))
        return Ended(0, "", 1.5, 1.0, 1000)


def job(tmp_path: Path, order: Order | None = None, **changes: Any) -> Job:
    return Job(order or Order.of("vet", VetOptions("")), "digest", tmp_path, 60.0, 2, pause=0.0, **changes)


LATER = Answer("inconclusive", "the Hub is out", transient=True)
DONE = Answer("done", "1 low finding", identity="c" * 40, report="{}")


def test_what_may_go_well_later_is_tried_again(tmp_path: Path) -> None:
    children = Scripted(LATER, KilledError("killed (SIGKILL)"), DONE)
    outcome = job(tmp_path)(HUB, children)
    record = outcome.record
    assert (record.answer, record.tries, record.said, outcome.report) == ("done", 3, "1 low finding", "{}")
    assert (record.seconds, record.cpu_seconds, record.memory) == (1.5, 1.0, 1000)
    assert (record.commit, record.digest, record.key) == ("c" * 40, None, key_of("digest", "c" * 40))
    assert outcome.log == "try 1 in 1\ntry 2 in 2\ntry 3 in 3\n", "no name of a folder of ours"


def test_and_no_oftener_than_allowed(tmp_path: Path) -> None:
    children = Scripted(LATER, LATER, LATER, DONE)
    record = job(tmp_path)(HUB, children).record
    assert (record.answer, record.tries, record.said) == ("inconclusive", 3, "the Hub is out")
    record = replace(job(tmp_path), retries=0)(HUB, Scripted(LATER, DONE)).record
    assert (record.answer, record.tries) == ("inconclusive", 1)


@pytest.mark.parametrize(
    "once",
    [
        Answer("refused", "weights.pickle-code in x: y", identity="c" * 40),
        Answer("inconclusive", "cut short"),
        Answer("gate failed", "accuracy budget"),
        IncompleteError("took longer than 60 s"),
        IncompleteError("killed (SIGSEGV)"),
        OSError("no process"),
    ],
)
def test_a_refusal_and_what_will_not_change_are_not_tried_again(tmp_path: Path, once: Answer | Exception) -> None:
    children = Scripted(once)
    record = job(tmp_path)(HUB, children).record
    assert (record.tries, len(children.asked)) == (1, 1)
    assert record.answer == (once.answer if isinstance(once, Answer) else "inconclusive")
    assert record.said == (once.said if isinstance(once, Answer) else str(once))


def test_a_commit_is_asked_for_and_the_token_goes_by_its_own_way(tmp_path: Path) -> None:
    order = Order.of("vet", VetOptions("", token="hf_secretsecret"))
    children = Scripted(DONE)
    work = job(tmp_path, order, environment={"HF_ENDPOINT": "http://hub.example"})
    work(HUB, children)
    ((document, env),) = children.asked
    assert (document["options"]["model"], document["options"]["revision"]) == ("hf://org/a", "c" * 40)
    assert env == {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://hub.example", "HF_TOKEN": "hf_secretsecret"}
    assert "hf_secret" not in json.dumps(document) + repr(work)
    children = Scripted(DONE)
    job(tmp_path)(replace(HUB, commit=None), children)
    assert children.asked[0][0]["options"]["revision"] == "v2"


def test_a_run_has_its_own_place_and_says_where_it_is_not_to_be_seen(tmp_path: Path) -> None:
    order = Order.of("run", RunOptions(""))
    children = Scripted(DONE)
    job(tmp_path, order)(HUB, children)
    options = children.asked[0][0]["options"]
    assert options["output"] == str(tmp_path / "checkpoints" / HUB.stem / "model")
    assert options["force"] is True
    record = job(tmp_path / "none", order)(HUB, Scripted()).record
    assert (record.answer, record.tries) == ("inconclusive", 1)
    assert "not to be seen from a node" in record.said


def test_what_does_not_answer_is_inconclusive(tmp_path: Path) -> None:
    class Silent(Scripted):
        def run(self, *words: Any, **how: Any) -> Ended:
            return Ended(0, "", 1.0, 1.0, 1)

    record = job(tmp_path)(HUB, Silent()).record
    assert (record.answer, record.said, record.key) == (
        "inconclusive",
        "its process did not answer",
        key_of("digest", "c" * 40),
    )


def test_an_interruption_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        job(tmp_path)(HUB, Scripted(KeyboardInterrupt()))


def test_a_real_process_vets_a_real_folder(tmp_path: Path) -> None:
    model = make(tmp_path / "model")
    task = Task(Entry("model", LocalRef(model), 1))
    outcome = job(tmp_path)(task, Children(1))
    record = outcome.record
    assert (record.answer, record.tries, outcome.log) == ("done", 1, "")
    assert (record.commit, record.digest) == (None, folder_digest(model))
    assert isinstance(record, CheckpointRecord)
    assert record.memory is not None and record.memory > 1e6


def test_only_what_says_which_hub_it_is_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_XET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN", "hf_secretsecret")
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
    assert surroundings() == {"HF_ENDPOINT": "http://hub.example"}
