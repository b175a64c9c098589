"""One checkpoint: a process that does it, again where that is worth it, and what it said as a record."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sanitizer.engines.children import Children, Ended, KilledError
from sanitizer.errors import IncompleteError
from sanitizer.fleet.child import ANSWER, TASK, TOKEN, Answer
from sanitizer.fleet.listing import Entry
from sanitizer.fleet.order import Options, Order, key_of
from sanitizer.report import CheckpointRecord
from sanitizer.source import HubRef, LocalRef

MODULE = "sanitizer.fleet.child"
PASSED_ON = ("HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_XET")
"""Which Hub it is: the same on every node. Where a node keeps its caches is its own."""
PAUSE = 5.0
"""Seconds before a second try; twice as long before each further one."""
LONGEST_PAUSE = 60.0
LONGEST_LOG = 1 << 18
"""Bytes; what was said before them is not kept."""
FOLDER, MODEL = "checkpoints", "model"


@dataclass(frozen=True)
class Task:
    """A line of the list; `commit` is what its revision is now, if a Hub could be asked."""

    entry: Entry
    commit: str | None = None

    @property
    def stem(self) -> str:
        """The name of its folder."""
        return self.entry.stem


@dataclass(frozen=True)
class Outcome:
    """A finished task: its record, the JSON of its report and what its processes wrote to stderr."""

    record: CheckpointRecord
    report: str | None
    log: str


@dataclass(frozen=True)
class Job:
    """What every checkpoint of a fleet has in common. `out` is where results of runs go; `environment` holds no token.

    `retries` are for what may go well in a while: a Hub that is out of reach, a process that somebody killed.
    """

    order: Order
    digest: str
    out: Path
    timeout: float
    retries: int
    environment: Mapping[str, str] = field(default_factory=dict)
    pause: float = PAUSE

    def __call__(self, task: Task, children: Children) -> Outcome:
        """Do it. Raises KeyboardInterrupt where `children` were stopped, and nothing else that a checkpoint causes."""
        record = self.blank(task)
        if self.order.verb == "run" and not self.out.is_dir():
            said = f"{self.out} is not to be seen from a node of the cluster"
            hint = "run writes models: --out has to lie where every node sees it"
            return Outcome(replace(record, said=said, hint=hint), None, "")
        document = replace(self.order, options=self._options(task)).document()
        with tempfile.TemporaryDirectory(prefix="sanitizer-fleet-", ignore_cleanup_errors=True) as name:
            log = Path(name, "log")
            log.touch()
            for tries in range(1, self.retries + 2):
                answer, ended = self._try(document, Path(name, str(tries)), log, children)
                if not answer.transient or tries > self.retries:
                    break
                children.pause(min(self.pause * 2 ** (tries - 1), LONGEST_PAUSE))
            said = _end_of(log).replace(f"{name}/", "")
        identity = answer.identity or task.commit
        local = isinstance(task.entry.ref, LocalRef)
        record = replace(
            record,
            key=key_of(self.digest, identity),
            commit=None if local else identity,
            digest=identity if local else None,
            answer=answer.answer,
            said=answer.said,
            hint=answer.hint,
            tries=tries,
            vetting=answer.vetting,
        )
        if ended is not None:
            record = replace(record, seconds=ended.seconds, cpu_seconds=ended.cpu_seconds, memory=ended.memory)
        return Outcome(record, answer.report, said)

    def blank(self, task: Task, said: str = "") -> CheckpointRecord:
        """A checkpoint of which nothing is known yet, or nothing but why."""
        return CheckpointRecord(
            name=task.entry.name,
            line=task.entry.line,
            key="",
            commit=task.commit,
            digest=None,
            answer="inconclusive",
            said=said,
            hint="the same command tries it again",
            folder=f"{FOLDER}/{task.stem}",
            started=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def check(self, children: Children) -> Answer:
        """What is wrong with the options, by a process without a checkpoint. Raises IncompleteError if that fails."""
        with tempfile.TemporaryDirectory(prefix="sanitizer-fleet-", ignore_cleanup_errors=True) as name:
            return self._ask(self.order.document(), Path(name), Path(name, "log"), children)[0]

    def _options(self, task: Task) -> Options:
        own: dict[str, Any]
        match task.entry.ref:
            case HubRef(repo=repo, revision=revision):
                own = {"model": f"hf://{repo}", "revision": task.commit or revision}
            case LocalRef(path=path):
                own = {"model": str(path.resolve()), "revision": None}
        if self.order.verb == "run":
            own |= {"output": self.out / FOLDER / task.stem / MODEL, "force": True}
        return replace(self.order.options, **own)

    def _try(
        self, document: dict[str, object], work: Path, log: Path, children: Children
    ) -> tuple[Answer, Ended | None]:
        work.mkdir()
        try:
            return self._ask(document, work, log, children)
        except KilledError as error:
            return Answer("inconclusive", error.message, "ask for more --memory", transient=True), None
        except (IncompleteError, OSError) as error:
            return Answer("inconclusive", str(error), "its log says more"), None

    def _ask(self, document: dict[str, object], work: Path, log: Path, children: Children) -> tuple[Answer, Ended]:
        (work / TASK).write_text(json.dumps(document), encoding="utf-8")
        token = {} if self.order.token is None else {TOKEN: self.order.token}
        env = {"HF_HUB_OFFLINE": "0", **self.environment, **token}
        ended = children.run([MODULE], work, log=log, timeout=self.timeout, accepted=(0,), env=env)
        try:
            return TypeAdapter(Answer).validate_json((work / ANSWER).read_bytes()), ended
        except (OSError, ValidationError) as error:
            raise IncompleteError("its process did not answer") from error


def _end_of(log: Path) -> str:
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - LONGEST_LOG))
        return stream.read().decode("utf-8", "replace")


def surroundings() -> dict[str, str]:
    """What of our own environment every process is given."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}
