"""Every report record, as frozen dataclasses of the standard library.

`sanitizer.schema` derives the JSON Schema from these; nothing is written twice. Card, terminal and JSON are renderings
of one `RunReport` or `ScanReport`. Shares and accuracies are fractions of one, seconds are wall-clock seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from sanitizer.heads import Grid, HeadId, HeadScores

SCHEMA_VERSION = "1"

Severity = Literal["low", "medium", "high"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high")
Fate = Literal["kept", "rebuilt", "dropped", "refused"]
Answer = Literal["passed", "refused", "inconclusive"]
Task = Literal["classification", "causal"]


@dataclass(frozen=True)
class Finding:
    """One doubt about one file; the verdict on a checkpoint is the maximum severity."""

    rule: str
    severity: Severity
    file: str
    message: str
    hint: str = ""


@dataclass(frozen=True)
class FileRecord:
    """What became of one input file, and why."""

    name: str
    size: int
    sha256: str
    fate: Fate
    reason: str


@dataclass(frozen=True)
class VetRecord:
    """The gate's answer: every input file classified, every doubt named."""

    files: tuple[FileRecord, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class ToolRecord:
    """The versions and the hardware the numbers depend on."""

    sanitizer: str
    python: str
    torch: str
    transformers: str
    system: str
    device: str


@dataclass(frozen=True)
class SourceRecord:
    """The checkpoint under treatment ("the suspect"). `digest` covers all its vetted files.

    `base_models` are those that its own card names.
    """

    name: str
    revision: str | None
    commit: str | None
    digest: str
    model_type: str
    architecture: str
    task: Task
    dtype: str
    layers: int
    heads: tuple[int, ...]
    parameters: int
    license: str | None = None
    language: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    base_models: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataRecord:
    """The clean texts a defender trusted: where from, whose labels, and how they were split (numbers of texts).

    `name` is a dataset's id on the Hub, the name of a local file, or that of the texts shipped here, as `origin` says.
    """

    name: str
    sha256: str
    labels: Literal["given", "suspect", "none"]
    fit: int
    validation: int
    test: int
    notes: tuple[str, ...] = ()
    origin: Literal["file", "hub", "embedded"] = "file"
    commit: str | None = None
    text_column: str | None = None
    label_column: str | None = None


@dataclass(frozen=True)
class SimilarityRecord:
    """Cosine similarity between attention matrices (Jin et al. 2511.13789, §3), over heads of a layer or of the model.

    `share_above` is the share of head pairs with cosine > 0.99, `percentile_99` the 99th percentile over all pairs,
    each a mean over inputs.
    """

    scope: Literal["layer", "model"]
    inputs: int
    mean: float
    share_above: float
    percentile_99: float


@dataclass(frozen=True)
class ScanRecord:
    """What the heads show on clean text. Grids are [layer][head]."""

    similarity: tuple[SimilarityRecord, ...]
    mean_similarity: Grid
    importance: Grid
    inputs: int


@dataclass(frozen=True)
class StrategyRecord:
    """Which strategy with which parameters, and the paper it cites."""

    name: str
    version: str
    parameters: dict[str, Any]
    citation: str


@dataclass(frozen=True)
class BudgetRecord:
    """What a run may spend. `accuracy_drop` is relative to the suspect's own metric on validation data."""

    accuracy_drop: float
    max_heads: int | None
    floor_per_layer: int


@dataclass(frozen=True)
class RecipeRecord:
    """Everything that decides the outcome: the same recipe on the same source and data gives the same bytes."""

    strategy: StrategyRecord
    treatments: tuple[str, ...]
    budget: BudgetRecord
    layout: Literal["compact", "dense"]
    seed: int
    dtype: str
    batch_size: int


@dataclass(frozen=True)
class PlanStep:
    """One question the plan asked: with this many heads gated off, does the metric on validation data hold?

    `texts` is how many it took to tell; where that is not all of them, the metric is an estimate.
    """

    heads: int
    metric: float
    accepted: bool
    texts: int


@dataclass(frozen=True)
class PlanRecord:
    """The scores, the heads chosen for removal in the order they were chosen, and the questions asked.

    `achieved` is the metric without the chosen heads on all validation texts; each step was decided by a sequential
    test that errs with probability `error_rate` at most.
    """

    scores: HeadScores
    remove: tuple[HeadId, ...]
    metric: str
    suspect: float
    threshold: float
    achieved: float
    error_rate: float
    steps: tuple[PlanStep, ...]


@dataclass(frozen=True)
class HeadRecord:
    """What was done to one head: cut out of the tensors, or left in them with every weight zero."""

    head: HeadId
    outcome: Literal["removed", "zeroed"]
    score: float


@dataclass(frozen=True)
class TreatmentRecord:
    """One treatment: its parameters and what it observed."""

    name: str
    parameters: dict[str, Any]
    observed: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class Metric:
    """A number with its 95 % confidence interval, over `n` texts or tokens of data that no step has seen."""

    name: str
    value: float
    low: float
    high: float
    n: int


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
    """One run, whole: what came in, what was seen, chosen and done, what it cost, what went out."""

    tool: ToolRecord
    source: SourceRecord
    vetting: VetRecord
    data: DataRecord
    scan: ScanRecord
    recipe: RecipeRecord
    plan: PlanRecord
    heads: tuple[HeadRecord, ...]
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
    kind: Literal["run"] = "run"
    schema_version: Literal["1"] = "1"

    @property
    def passed(self) -> bool:
        """Whether every gate passed; a report without gates has passed nothing."""
        return bool(self.gates) and all(gate.passed for gate in self.gates)


@dataclass(frozen=True)
class ScanReport:
    """What a scan saw, with nothing changed."""

    tool: ToolRecord
    source: SourceRecord
    vetting: VetRecord
    data: DataRecord
    scan: ScanRecord
    started: str
    timings: tuple[Timing, ...]
    warnings: tuple[str, ...] = ()
    kind: Literal["scan"] = "scan"
    schema_version: Literal["1"] = "1"


@dataclass(frozen=True)
class Preview:
    """`--dry-run`: what a run would read, do and write, from names, sizes and headers alone."""

    source: str
    commit: str | None
    files: tuple[FileRecord, ...]
    findings: tuple[Finding, ...]
    download: int
    disk: int
    output: str
    recipe: str
    data: str
    kind: Literal["preview"] = "preview"
    schema_version: Literal["1"] = "1"


@dataclass(frozen=True)
class VetReport:
    """`sanitize vet`: may the checkpoint be used as it is (`answer`, at `fail_on`), and can it be rebuilt?

    `unknown` says what could not be checked. The same files give the same bytes: there are no times in it.
    """

    sanitizer: str
    source: str
    revision: str | None
    commit: str | None
    digest: str
    vetting: VetRecord
    fail_on: Severity
    answer: Answer
    rebuildable: bool
    unknown: tuple[str, ...] = ()
    kind: Literal["vet"] = "vet"
    schema_version: Literal["1"] = "1"
