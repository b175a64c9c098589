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
SetAnswer = Literal["abnormal", "inconclusive", "alike"]
ForensicsAnswer = Literal["nothing", "suspect heads", "inconclusive"]
HeadClass = Literal["suspicious", "intermediate", "trusted"]


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
class TemplateRecord:
    """A chat template: which file it is in, what it is called there, and the sha256 of its text.

    `carried` tells whether it is in the rebuilt copy too, `base` how it compares with the base model's of that name.
    """

    file: str
    name: str
    sha256: str
    carried: bool
    base: Literal["same", "differs", "unknown"] = "unknown"


@dataclass(frozen=True)
class WaiverRecord:
    """A finding that the user's policy accepts: which rule on which file, why, and until which day (inclusive)."""

    rule: str
    file: str
    sha256: str
    reason: str
    expires: str


@dataclass(frozen=True)
class PolicyRecord:
    """The policy file by its sha256, the findings it waived, and its waivers that waived nothing."""

    sha256: str
    waived: tuple[WaiverRecord, ...]
    unused: tuple[str, ...]


@dataclass(frozen=True)
class IsolationRecord:
    """What held while the bytes of the checkpoint were parsed, and what of a whole sandbox the system did not give."""

    held: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class VetRecord:
    """The gate's answer: every input file classified, every doubt named, every chat template by its digest."""

    files: tuple[FileRecord, ...]
    findings: tuple[Finding, ...]
    templates: tuple[TemplateRecord, ...] = ()
    policy: PolicyRecord | None = None
    isolation: IsolationRecord | None = None

    @property
    def standing(self) -> tuple[Finding, ...]:
        """The findings that no policy waives."""
        waived = {(waiver.rule, waiver.file) for waiver in self.policy.waived} if self.policy else set()
        return tuple(finding for finding in self.findings if (finding.rule, finding.file) not in waived)


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
class BaseRecord:
    """The model that treatments took weights from: the one the suspect was made from, as the user says.

    `digest` covers all its vetted files. Of the suspect's parameters `matched` numbers have a counterpart in it; those
    of the tensors in `lacking` have none. `similarity` is the cosine of the two models' layers, before any treatment.
    """

    name: str
    revision: str | None
    commit: str | None
    digest: str
    matched: int
    lacking: tuple[str, ...]
    similarity: float
    findings: tuple[Finding, ...] = ()


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
class SafetyRecord:
    """The safety score of Jin et al. 2511.13789 and the class it puts each head in, [layer][head].

    Low for heads that attend like another one of their layer (`alpha`) and matter for the loss (1 - `alpha`). Below
    `tau`: suspicious; above 1 - `tau`: trusted, which the paper calls safe. It sorts the heads of any model, with a
    backdoor or without.
    """

    alpha: float
    tau: float
    score: Grid
    classes: tuple[tuple[HeadClass, ...], ...]

    def of_class(self, name: HeadClass) -> tuple[HeadId, ...]:
        """The heads of a class, in order of layer and head."""
        return tuple(
            HeadId(layer, head)
            for layer, row in enumerate(self.classes)
            for head, found in enumerate(row)
            if found == name
        )


@dataclass(frozen=True)
class Metric:
    """A number with its 95 % confidence interval, over `n` texts or tokens of data that no step has seen."""

    name: str
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class AblationRecord:
    """What accuracy changes by when one head alone is gated off, with its 95 % interval, over `n` texts or tokens."""

    head: HeadId
    change: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class FlipRecord:
    """How often a classifier's answer changes when a clean text is made unusual in the way that `control` names.

    `label` is the one that most of the changed answers went to, `share` how many of them; None and 0 if none changed.
    """

    control: str
    changed: Metric
    label: int | None
    share: float


@dataclass(frozen=True)
class EvidenceRecord:
    """A kind of evidence against a head, and the chance of as much or more in a head that was not planted."""

    kind: str
    p_value: float


@dataclass(frozen=True)
class SuspectHead:
    """A head that stands out, and by what: every kind of evidence, the strongest first.

    `adjusted` is the combined p-value after correction for the number of heads (Benjamini and Hochberg).
    """

    head: HeadId
    adjusted: float
    evidence: tuple[EvidenceRecord, ...]


@dataclass(frozen=True)
class ForensicsRecord:
    """Which heads look as if they had been planted: by their weights, and by what wakes them. No trigger is known.

    `rate` bounds the chance that a model without any implant is called suspect, and among the heads named the expected
    share of wrong ones, as far as heads of a clean model deviate no more than assumed. `kinds` of evidence were looked
    at, over `texts` clean texts and `probes` with a random token in them. `nothing` does not acquit: only what stands
    out from the other heads of the same model is found, not a backdoor that was trained into all of it.
    """

    answer: ForensicsAnswer
    reason: str
    rate: float
    kinds: tuple[str, ...]
    texts: int
    probes: int
    p_values: Grid
    suspects: tuple[SuspectHead, ...] = ()


@dataclass(frozen=True)
class ScanRecord:
    """What the heads show on clean text. Grids are [layer][head]; `ablation` has every head, where it was asked for.

    `flips` has every control, for classifiers. `cosines`[layer][head] is how alike it and each later head of its layer
    attend, as the mean over inputs of their cosine, in four digits. `forensics` is missing from reports of
    versions that did not look for planted heads.
    """

    similarity: tuple[SimilarityRecord, ...]
    mean_similarity: Grid
    importance: Grid
    safety: SafetyRecord
    inputs: int
    ablation: tuple[AblationRecord, ...] = ()
    flips: tuple[FlipRecord, ...] = ()
    cosines: tuple[Grid, ...] = ()
    forensics: ForensicsRecord | None = None

    def similarity_beside(self, after: ScanRecord) -> tuple[tuple[SimilarityRecord, SimilarityRecord], ...]:
        """The scopes of both scans, each as it was and as it is: a layer of one head has no pair within it."""
        found = {record.scope: record for record in after.similarity}
        return tuple((record, found[record.scope]) for record in self.similarity if record.scope in found)

    def flips_beside(self, after: ScanRecord) -> tuple[tuple[FlipRecord, FlipRecord], ...]:
        """The controls of both scans, each as it was and as it is."""
        found = {flip.control: flip for flip in after.flips}
        return tuple((flip, found[flip.control]) for flip in self.flips if flip.control in found)


@dataclass(frozen=True)
class HeadShare:
    """One head and the share of something that is its own."""

    head: HeadId
    share: float


@dataclass(frozen=True)
class PieceRecord:
    """A piece of an input, by the position of its first token, and the share of the distance that goes with it."""

    position: int
    text: str
    share: float


@dataclass(frozen=True)
class InputRecord:
    """One input, held against clean ones: the Mahalanobis distance of its attention profile, and how rare that is.

    `p_value` is conformal; an input is flagged if it is at most the rate of false positives that was asked for. Heads
    and pieces of text that are responsible, the most so first, are looked for where it is flagged. An input longer than
    the model reads at once is looked at in `chunks`; all of this is said of the one farthest from ordinary, so that a
    long input has more than one chance to be flagged. `index` counts inputs from 0.
    """

    index: int
    text: str
    distance: float
    p_value: float
    flagged: bool
    chunks: int = 1
    heads: tuple[HeadShare, ...] = ()
    pieces: tuple[PieceRecord, ...] = ()
    kind: Literal["input"] = "input"


@dataclass(frozen=True)
class GuardRecord:
    """The first line of what `sanitize guard` writes: everything that decides which inputs are flagged.

    `guard` is a sha256 over what was learnt from clean texts, of which `calibrated` were held against the rest.
    """

    sanitizer: str
    model: str
    digest: str
    guard: str
    calibrated: int
    fpr: float
    inputs: str
    kind: Literal["guard"] = "guard"
    schema_version: Literal["1"] = "1"


@dataclass(frozen=True)
class ProgressRecord:
    """How far a guard came: inputs looked at, how many of them were flagged, how many long (in chunks), or empty."""

    inputs: int
    flagged: int
    long: int
    empty: int
    kind: Literal["progress"] = "progress"


@dataclass(frozen=True)
class StrategyRecord:
    """Which strategy with which parameters, and the paper it cites."""

    name: str
    version: str
    parameters: dict[str, Any]
    citation: str


@dataclass(frozen=True)
class BudgetRecord:
    """What a run may spend, by the metric on validation data: exactly one of the first two is given.

    `max_accuracy_drop` is relative to the metric of the model that is scored, `min_accuracy` absolute. `per_layer` is
    the most heads a layer may lose, taken in rounds, `floor_per_layer` what it keeps; `step` is heads per stride.
    """

    max_accuracy_drop: float | None
    min_accuracy: float | None
    max_heads: int | None
    per_layer: int | None
    floor_per_layer: int
    step: int


@dataclass(frozen=True)
class DecisionRecord:
    """Why `--strategy auto` took the recipe that it took: sentences."""

    reasons: tuple[str, ...]


@dataclass(frozen=True)
class RecipeRecord:
    """Everything that decides the outcome: the same recipe on the same source and data gives the same bytes."""

    strategy: StrategyRecord
    prepare: tuple[str, ...]
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

    `suspect` and `achieved` are the metric on all validation texts of the model that was scored, with every head and
    without the chosen ones; each step was decided by a sequential test that errs with probability `error_rate` at most.
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
    scan_after: ScanRecord | None = None
    decision: DecisionRecord | None = None
    base: BaseRecord | None = None
    kind: Literal["run"] = "run"
    schema_version: Literal["1"] = "1"

    @property
    def passed(self) -> bool:
        """Whether every gate passed; a report without gates has passed nothing."""
        return bool(self.gates) and all(gate.passed for gate in self.gates)

    @property
    def methods(self) -> tuple[str, ...]:
        """What treated the model: the strategy where heads were taken away, else the treatments."""
        return (self.recipe.strategy.name,) if self.heads else tuple(record.name for record in self.treatments)


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


@dataclass(frozen=True)
class SetRecord:
    """A set of inputs against the clean inputs that the guard is calibrated on.

    `flagged` is the share with a p-value of at most the rate asked for, `auc` the chance that an input of the set lies
    farther from ordinary than a clean one; each `p_` is the chance of as much or more in a clean set.
    """

    name: str
    flagged: Metric
    p_flagged: float
    auc: Metric
    p_auc: float


@dataclass(frozen=True)
class InputsRecord:
    """Inputs that were asked about (`scan --inputs`), by the attention profile of each.

    `fit` and `calibrated` count the clean texts behind the distances and the p-values, `clean` is a third part of them,
    `controls` are texts made unusual without any trigger. `heads` are those most responsible for the distances,
    `examples` the inputs farthest from ordinary. `alike` does not mean safe: attention alone shows no difference.
    """

    name: str
    sha256: str
    fpr: float
    fit: int
    calibrated: int
    answer: SetAnswer
    reason: str
    inputs: SetRecord
    clean: SetRecord
    controls: tuple[SetRecord, ...]
    similarity: tuple[SimilarityRecord, ...]
    heads: tuple[HeadShare, ...]
    examples: tuple[InputRecord, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScanReport:
    """What a scan saw, with nothing changed. `inputs` is there where inputs were asked about."""

    tool: ToolRecord
    source: SourceRecord
    vetting: VetRecord
    data: DataRecord
    scan: ScanRecord
    started: str
    timings: tuple[Timing, ...]
    warnings: tuple[str, ...] = ()
    inputs: InputsRecord | None = None
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
    base: str | None = None
    kind: Literal["preview"] = "preview"
    schema_version: Literal["1"] = "1"


@dataclass(frozen=True)
class PlanFile:
    """The file that named the heads, by its sha256, and the model that it was made for, where it says so.

    `other_model`: it was made for other files, or does not say for which, and was applied all the same. `not_repeated`
    are treatments of the plan's run that changed weights: removing heads does not repeat them.
    """

    name: str
    sha256: str
    model: str | None
    digest: str | None
    other_model: bool
    not_repeated: tuple[str, ...]


@dataclass(frozen=True)
class HeadOutcome:
    """What was done to one head: cut out of the tensors, or left in them with every weight zero."""

    head: HeadId
    outcome: Literal["removed", "zeroed"]


@dataclass(frozen=True)
class ApplyReport:
    """`sanitize apply`: the heads that a plan names, taken out of the files. No model was opened, tuned or measured.

    `written` is False for a dry run. The same files and the same plan give the same bytes: there are no times in it.
    """

    sanitizer: str
    transformers: str
    source: SourceRecord
    vetting: VetRecord
    plan: PlanFile
    layout: Literal["compact", "dense"]
    heads: tuple[HeadOutcome, ...]
    parameters_after: int
    needs_loader: bool
    written: bool
    warnings: tuple[str, ...] = ()
    files: tuple[FileRecord, ...] = ()
    kind: Literal["apply"] = "apply"
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


@dataclass(frozen=True)
class Hits:
    """How many of `n` texts were hits, and which: one bit a text in the order of their file, in hexadecimal.

    The first text is the highest bit of the first digit; what is left of the last digit is zero.
    """

    count: int
    n: int
    bits: str


@dataclass(frozen=True)
class CellRun:
    """What one run of a benchmark did and took: heads and parameters, seconds by the clock and of processors, bytes.

    `texts` are the clean texts it used, `memory` the most it ever held, `failed_gates` say in a line each what its
    result did not hold. `code` is a sha256 over the source files of this package when the run began.
    """

    texts: int
    heads: int
    heads_removed: int
    parameters: int
    parameters_removed: int
    failed_gates: tuple[str, ...]
    warnings: tuple[str, ...]
    seconds: float
    cpu_seconds: float
    memory: int
    code: str
    tool: ToolRecord


@dataclass(frozen=True)
class CellRecord:
    """One cell of a benchmark: a model, measured on clean test texts (`clean`) and on triggered ones (`triggered`).

    The model is what a run saved (`treated`, with recipe, seed and run), the victim itself (`untreated`), or the model
    without backdoor on the victim's texts (`control`). `digest` covers everything that decides the cell. `failed` says
    in a line why there are no numbers.
    """

    victim: str
    what: Literal["treated", "untreated", "control"]
    digest: str
    started: str
    recipe: str | None = None
    seed: int | None = None
    run: CellRun | None = None
    clean: Hits | None = None
    triggered: Hits | None = None
    failed: str | None = None
    kind: Literal["cell"] = "cell"
    schema_version: Literal["1"] = "1"


@dataclass(frozen=True)
class Spread:
    """A share over seeds: mean, least and most of a seed, and a 95 % interval of the mean (see `BenchmarkReport`)."""

    mean: float
    least: float
    most: float
    low: float
    high: float


@dataclass(frozen=True)
class BenchmarkRow:
    """A victim under a recipe, over those `seeds` whose cells are done; None for the means where none is.

    `over_budget` counts runs of which a gate failed, `failed` has a line for each cell that failed, `missing` counts
    cells that were not run. Parameters are a share of the victim's, memory the most of any run.
    """

    victim: str
    recipe: str
    seeds: tuple[int, ...]
    accuracy: Spread | None
    attack_success: Spread | None
    heads_removed: float | None
    parameters_removed: float | None
    seconds: float | None
    cpu_seconds: float | None
    memory: int | None
    over_budget: int
    failed: tuple[str, ...]
    missing: int


@dataclass(frozen=True)
class BenchmarkVictim:
    """A victim as it came, on the same texts; `floor` is what the model without backdoor does on its triggered texts.

    None for what was not measured. `digest` covers the model's files, `triggered` is the sha256 of the texts' file.
    """

    name: str
    digest: str
    triggered: str
    target: int
    accuracy: Metric | None
    attack_success: Metric | None
    floor: Metric | None


@dataclass(frozen=True)
class BenchmarkTexts:
    """A file of texts: name, sha256 of its bytes, rows, and how many of them are in the defenders' data as well."""

    name: str
    sha256: str
    rows: int
    also_in_data: int = 0


@dataclass(frozen=True)
class NamedRecipe:
    """A recipe of a benchmark, as one line of YAML."""

    name: str
    recipe: str


@dataclass(frozen=True)
class BenchmarkReport:
    """Victims × recipes × seeds. Every number is taken from `cells`.

    `texts` is how many of `data` each run was given (None: all). Intervals of a share over several seeds: percentile
    bootstrap over seeds and texts at once; over one seed, or where all outcomes are alike: Wilson's over the texts.
    """

    name: str
    command: str
    data: BenchmarkTexts
    texts: int | None
    test: BenchmarkTexts
    control: str
    seeds: tuple[int, ...]
    recipes: tuple[NamedRecipe, ...]
    victims: tuple[BenchmarkVictim, ...]
    rows: tuple[BenchmarkRow, ...]
    cells: tuple[CellRecord, ...]
    kind: Literal["benchmark"] = "benchmark"
    schema_version: Literal["1"] = "1"


@dataclass(frozen=True)
class VetReports:
    """`sanitize vet --lock`: the answer for each model of a lock file, in its order."""

    reports: tuple[VetReport, ...]
    kind: Literal["vets"] = "vets"
    schema_version: Literal["1"] = "1"


ClaimAnswer = Literal["held", "false", "unknown"]
ClaimSubject = Literal[
    "files",
    "report",
    "numbers",
    "recipe",
    "lock",
    "card",
    "page",
    "vetting",
    "heads",
    "parameters",
    "metrics",
    "source",
    "rerun",
]


@dataclass(frozen=True)
class ClaimRecord:
    """One thing that a folder says of itself, held against what is there, and what was found.

    `unknown` is what was asked and could not be checked, which is never a pass.
    """

    about: ClaimSubject
    claim: str
    answer: ClaimAnswer
    found: str


@dataclass(frozen=True)
class RemeasuredRecord:
    """A metric of the result as its report claims it, and as it was measured again.

    `claimed` is None where the texts are others than those of the report: two numbers that say nothing of each other.
    """

    claimed: Metric | None
    found: Metric


@dataclass(frozen=True)
class VerifyReport:
    """`sanitize verify`: what a folder claims about how it was made, claim by claim.

    `answer` is `false` if any claim is, else `unknown` if any is. `not_shown` is what no claim here speaks of. `digest`
    covers the files that its SHA256SUMS lists.
    """

    sanitizer: str
    name: str
    revision: str | None
    commit: str | None
    digest: str
    answer: ClaimAnswer
    claims: tuple[ClaimRecord, ...]
    metrics: tuple[RemeasuredRecord, ...]
    not_shown: tuple[str, ...]
    kind: Literal["verification"] = "verification"
    schema_version: Literal["1"] = "1"


@dataclass(frozen=True)
class SideRecord:
    """One of two checkpoints under comparison, as vetted. `heads` are those in the tensors, per layer."""

    name: str
    revision: str | None
    commit: str | None
    digest: str
    model_type: str
    architecture: str
    heads: tuple[int, ...] | None
    parameters: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class FileDifference:
    """A file that is not the same on both sides: sha256 of each, None where it is absent, empty where unread."""

    name: str
    left: str | None
    right: str | None


@dataclass(frozen=True)
class TensorDifference:
    """A tensor whose bits are not the same on both sides.

    `relative` is the norm of the difference over that of the left tensor, `largest` the largest difference of any
    weight; None where shapes differ, the left one is zero, or numbers cannot be read or are not finite.
    """

    name: str
    what: Literal["changed", "reshaped", "left_only", "right_only"]
    left: str | None
    right: str | None
    relative: float | None = None
    largest: float | None = None


@dataclass(frozen=True)
class TensorsRecord:
    """How many tensors are equal bit by bit, and those that are not."""

    equal: int
    differences: tuple[TensorDifference, ...]


@dataclass(frozen=True)
class HeadChanges:
    """What changed in each head, [layer][head] as the models had them before any was cut out.

    `change` is the norm of the difference of a head's query, key, value and output weights over the norm on the left;
    None where one side lacks the head or has it at zero. `left_only` and `right_only` are heads that the other side
    lacks, `zeroed` those of which every weight of their own is zero on the right and not on the left.
    """

    change: tuple[tuple[float | None, ...], ...]
    left_only: tuple[HeadId, ...]
    right_only: tuple[HeadId, ...]
    zeroed: tuple[HeadId, ...]


@dataclass(frozen=True)
class SettingDifference:
    """A key of a JSON file with other values: as JSON, cut where it is long, None where it is absent."""

    file: str
    key: str
    left: str | None
    right: str | None


@dataclass(frozen=True)
class PairedMetric:
    """A metric of both sides on the same texts, and the change from left to right with its paired 95 % interval.

    `change` is None where the two were not asked the same questions.
    """

    left: Metric
    right: Metric
    change: Metric | None


@dataclass(frozen=True)
class AnswersRecord:
    """What two models say to the same texts.

    Differences of logits are absolute, the largest and the mean over all of them; None where the two do not read the
    texts as the same tokens or have other classes. `agreement` is the share of texts (causal models: of tokens) with
    the same prediction, `metrics` are there where the texts have labels.
    """

    data: str
    sha256: str
    texts: int
    largest: float | None
    mean: float | None
    agreement: Metric | None
    metrics: tuple[PairedMetric, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CompareReport:
    """`sanitize compare`: how two checkpoints differ. `same_files` counts files with equal bytes.

    Files are those that came; everything else is said of the rebuilt copies, which is what would be loaded. `heads` is
    None where they cannot be told, for the reason in `notes`.
    """

    sanitizer: str
    left: SideRecord
    right: SideRecord
    same_files: int
    files: tuple[FileDifference, ...]
    settings: tuple[SettingDifference, ...]
    tensors: TensorsRecord
    heads: HeadChanges | None
    answers: AnswersRecord | None = None
    notes: tuple[str, ...] = ()
    kind: Literal["comparison"] = "comparison"
    schema_version: Literal["1"] = "1"
