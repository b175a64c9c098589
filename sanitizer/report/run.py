"""One run, whole, and the look ahead at one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sanitizer.later import later
from sanitizer.report.forecast import Forecast
from sanitizer.report.metric import Metric
from sanitizer.report.origin import BaseRecord, DataRecord, MemoryRecord, SourceRecord, ToolRecord
from sanitizer.report.plan import DecisionRecord, HeadRecord, PlanRecord, RecipeRecord, TreatmentRecord
from sanitizer.report.scan import ScanRecord
from sanitizer.report.vetting import FileRecord, Finding, VetRecord


@dataclass(frozen=True)
class Gate:
    """A condition of publication. A failed gate means exit 4 and no push."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Timing:
    """Wall-clock seconds of one step."""

    step: str
    seconds: float


@dataclass(frozen=True)
class RunReport:
    """One run, whole: what came in, what was seen, chosen and done, what it cost, what went out.

    `prepare` was done before heads were scored, on weights that were put back once they were chosen.
    """

    tool: ToolRecord
    source: SourceRecord
    vetting: VetRecord
    data: DataRecord
    scan: ScanRecord
    recipe: RecipeRecord
    plan: PlanRecord
    heads: tuple[HeadRecord, ...]
    prepare: tuple[TreatmentRecord, ...]
    treatments: tuple[TreatmentRecord, ...]
    before: tuple[Metric, ...]
    after: tuple[Metric, ...]
    parameters_after: int
    needs_loader: bool
    gates: tuple[Gate, ...]
    started: str
    timings: tuple[Timing, ...]
    warnings: tuple[str, ...] = ()
    files: tuple[FileRecord, ...] = field(default=())
    scan_after: ScanRecord | None = later(None)
    decision: DecisionRecord | None = later(None)
    base: BaseRecord | None = later(None)
    memory: MemoryRecord | None = later(None)
    kind: Literal["run"] = "run"
    schema_version: Literal["1"] = "1"

    @property
    def passed(self) -> bool:
        """Whether every gate passed; a report without gates has passed nothing."""
        return bool(self.gates) and all(gate.passed for gate in self.gates)

    @property
    def from_base(self) -> bool:
        """Whether weights of the base are in the result."""
        return any(record.observed.get("parameters_from_base") for record in self.treatments)

    @property
    def methods(self) -> tuple[str, ...]:
        """What treated the model: the strategy where heads were taken away, else the treatments."""
        return (self.recipe.strategy.name,) if self.heads else tuple(record.name for record in self.treatments)


@dataclass(frozen=True)
class Preview:
    """`--dry-run`: what a run would read, do and write, from names, sizes and headers alone.

    `forecast` is what it would take of this machine; None where too little of the model is known.
    """

    source: str
    commit: str | None
    files: tuple[FileRecord, ...]
    findings: tuple[Finding, ...]
    download: int
    disk: int
    output: str
    recipe: str
    data: str
    base: str | None = later(None)
    forecast: Forecast | None = later(None)
    kind: Literal["preview"] = "preview"
    schema_version: Literal["1"] = "1"
