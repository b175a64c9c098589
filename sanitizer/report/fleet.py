"""Many checkpoints, each by itself, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sanitizer.report.terms import FleetAnswer, Verb
from sanitizer.report.vetting import VetRecord

CODES: Mapping[FleetAnswer, int] = {"refused": 1, "inconclusive": 3, "gate failed": 4, "done": 0}
"""Answers to exit codes; of several answers the first counts."""


@dataclass(frozen=True)
class CheckpointRecord:
    """One checkpoint of a fleet. `name` is what the list calls it, `line` where.

    `commit` (of a Hub) or `digest` (over everything in a local folder) is what was looked at; both None: it could not
    even be told. `key` covers that, the verb and its options. `said` is one line about the answer, `hint` what to do.
    `folder` holds its report and its log, relative to the fleet's. `tries` counts what was worth trying again, seconds
    and bytes are those of the last process. `vetting` is None where no file was read.
    """

    name: str
    line: int
    key: str
    commit: str | None
    digest: str | None
    answer: FleetAnswer
    said: str
    hint: str
    folder: str
    started: str
    tries: int = 1
    seconds: float | None = None
    cpu_seconds: float | None = None
    memory: int | None = None
    vetting: VetRecord | None = None
    kind: Literal["checkpoint"] = "checkpoint"
    schema_version: Literal["1"] = "1"


@dataclass(frozen=True)
class FleetReport:
    """`sanitize fleet`: what `verb` with `options` (as typed) came to on each checkpoint, in the order of the list.

    `missing` names those that were not reached.
    """

    sanitizer: str
    list: str
    verb: Verb
    options: tuple[str, ...]
    engine: Literal["local", "ray"]
    checkpoints: tuple[CheckpointRecord, ...]
    missing: tuple[str, ...] = ()
    kind: Literal["fleet"] = "fleet"
    schema_version: Literal["1"] = "1"

    @property
    def counts(self) -> dict[FleetAnswer, int]:
        """How many checkpoints have each answer, the gravest first."""
        answers = [record.answer for record in self.checkpoints]
        return {answer: answers.count(answer) for answer in CODES}

    @property
    def exit_code(self) -> int:
        """That of the gravest answer; what is missing is inconclusive."""
        found = [answer for answer, number in self.counts.items() if number]
        found += ["inconclusive"] if self.missing else []
        return next((code for answer, code in CODES.items() if answer in found), 0)
