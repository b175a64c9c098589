"""Victims, recipes and seeds: each cell and what they come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sanitizer.later import later
from sanitizer.report.metric import Metric
from sanitizer.report.origin import ToolRecord


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
class Change:
    """A share less that of the victim as it came, on the same texts: mean over seeds, and its 95 % paired interval."""

    mean: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out zero: a paired bootstrap test at 5 %."""
        return self.low > 0 or self.high < 0


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
    accuracy_change: Change | None = later(None)
    attack_change: Change | None = later(None)

    @property
    def worse(self) -> bool:
        """Whether it lost accuracy and the attack succeeds more often: worse than the victim as it came, on average."""
        changes = (self.accuracy_change, self.attack_change)
        return None not in changes and changes[0].mean < 0 < changes[1].mean  # type: ignore[union-attr]


@dataclass(frozen=True)
class BenchmarkVictim:
    """A victim as it came, on the same texts; `floor` is what the model without backdoor does on its triggered texts.

    None for what was not measured, and for what a victim that could not be planted does not have. `digest` covers the
    model's files, `triggered` is the sha256 of the texts' file. `plant` says how it was planted, if it was for this.
    """

    name: str
    digest: str | None
    triggered: str | None
    target: int | None
    accuracy: Metric | None
    attack_success: Metric | None
    floor: Metric | None
    plant: str | None = later(None)


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
