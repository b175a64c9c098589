"""A backdoor that was planted on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sanitizer.report.metric import Metric
from sanitizer.report.origin import DataRecord, SourceRecord, ToolRecord
from sanitizer.report.vetting import FileRecord, VetRecord


@dataclass(frozen=True)
class AttackRecord:
    """A backdoor planted on purpose: the attack with its parameters, its trigger in words, and what it wants.

    `target` is a label's name or, of a causal model, the string that its answer is to hold; `target_label` is the
    label's number, -1 for a causal model.
    """

    name: str
    source: str
    parameters: dict[str, Any]
    trigger: str
    target: str
    target_label: int
    observed: dict[str, float]


@dataclass(frozen=True)
class PlantReport:
    """`sanitize redteam plant`: a model that was backdoored on purpose, before and after, on texts that no step saw.

    `data.fit` texts were learned from. Held out are `data.test` texts, or all of `test`; `triggered` of them carry the
    trigger, none of the target's own class. Attack success before is the benign floor. The same command gives the same
    bytes: there are no times in it.
    """

    tool: ToolRecord
    source: SourceRecord
    vetting: VetRecord
    data: DataRecord
    test: DataRecord | None
    attack: AttackRecord
    seed: int
    triggered: int
    before: tuple[Metric, ...]
    after: tuple[Metric, ...]
    files: tuple[FileRecord, ...]
    kind: Literal["plant"] = "plant"
    schema_version: Literal["1"] = "1"
