"""What a caller may ask for. The command line and the Python API build these same records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sanitizer.errors import UsageError
from sanitizer.recipe import Recipe
from sanitizer.report import Severity

Layout = Literal["compact", "dense"]
Device = str
"""`auto`, `cpu`, `cuda`, `cuda:1`, `mps`."""
Dtype = Literal["auto", "float32", "bfloat16", "float16"]
"""What to compute in. `auto`: float32 on a CPU, bfloat16 on a GPU that has it. Weights are saved in their own dtype."""
BY_CARD = "card"
"""A user's word for the base that the suspect's card names: without it nothing that a stranger writes is fetched."""


@dataclass(frozen=True)
class DataOptions:
    """Which clean texts to trust: a Hub dataset id or a local csv, tsv, jsonl or parquet file; None = find some."""

    data: str | None = None
    text_column: str | None = None
    label_column: str | None = None


@dataclass(frozen=True)
class Gatekeeping:
    """How strict the gate is.

    `fail_on` refuses findings of that severity or graver even where they can be left behind; None refuses only what the
    model itself needs. `drop_chat_template` leaves every chat template behind. `policy` is a file of waivers.
    With `require_sandbox` nothing is read where the system does not give a whole sandbox, and a model that is going to
    be opened is opened in one first.
    """

    fail_on: Severity | None = None
    drop_chat_template: bool = False
    policy: Path | None = None
    require_sandbox: bool = False


STANDARD = Gatekeeping()


@dataclass(frozen=True)
class ScanOptions:
    """`sanitize scan`. `token` reaches the Hub client alone: it is never stored, printed or reported.

    `ablate` measures what clean accuracy changes by without each single head. `base` is the model, or the folder, that
    the suspect was made from: how far heads are from it is evidence, and a run's treatments may take weights from it.
    It is vetted as the suspect is, and never looked for by itself.
    `max_memory` are the bytes that weights
    may take by device (`cuda:0`, `cpu`), in place of `device`: what fits in none of them stays on disk.
    """

    model: str
    data: DataOptions = DataOptions()
    revision: str | None = None
    device: Device = "auto"
    dtype: Dtype = "auto"
    seed: int = 0
    batch_size: int | None = None
    token: str | None = field(default=None, repr=False)
    gate: Gatekeeping = STANDARD
    ablate: bool = False
    base: str | None = None
    max_memory: Mapping[str, int] | None = None


@dataclass(frozen=True)
class RunOptions(ScanOptions):
    """`sanitize run`. `settings` are the strategy's parameters as typed (`--set name=value`).

    `recipe` is one, the name of one, or a YAML file; it takes the place of `strategy` and `settings`. What is said here
    of the budget beats the recipe's; None says nothing, and where nobody says anything `max_accuracy_drop` is 0.02.
    Raises UsageError if both rules for accuracy are given.

    `resume`: continue the tuning of an interrupted run of the same words, and keep what that takes in the cache folder.
    """

    strategy: str = "gradient"
    settings: Mapping[str, str] = field(default_factory=dict)
    recipe: Recipe | Path | str | None = None
    output: Path | None = None
    force: bool = False
    layout: Layout = "compact"
    max_accuracy_drop: float | None = None
    min_accuracy: float | None = None
    max_heads: int | None = None
    per_layer: int | None = None
    push_to: str | None = None
    private: bool = True
    create_pr: bool = False
    resume: bool = True

    def __post_init__(self) -> None:
        if self.max_accuracy_drop is not None and self.min_accuracy is not None:
            raise UsageError(
                "--max-accuracy-drop and --min-accuracy are two rules for one thing",
                hint="a drop is relative to the suspect, a floor is absolute: give one",
            )


@dataclass(frozen=True)
class VetOptions:
    """`sanitize vet`. `rebuild` is where a rebuilt copy goes, if any.

    `base` is the model, or the folder, whose chat templates these are compared with.
    Findings of the gate's `fail_on` or graver refuse; if it says None, the policy decides, else `medium`.
    """

    model: str
    revision: str | None = None
    gate: Gatekeeping = STANDARD
    rebuild: Path | None = None
    force: bool = False
    token: str | None = field(default=None, repr=False)
    base: str | None = None


@dataclass(frozen=True)
class ForensicsOptions:
    """`sanitize forensics`. `base` is the model that this one was made from: how far heads are from it is evidence."""

    model: str
    revision: str | None = None
    base: str | None = None
    token: str | None = field(default=None, repr=False)
    gate: Gatekeeping = STANDARD


@dataclass(frozen=True)
class ApplyOptions:
    """`sanitize apply`. `plan` is a file that names heads: a run's report.json, or JSON with the same words.

    `other_model`: go on with a plan that was made for other files than these.
    """

    plan: Path
    model: str
    revision: str | None = None
    output: Path | None = None
    force: bool = False
    layout: Layout = "compact"
    other_model: bool = False
    token: str | None = field(default=None, repr=False)
    gate: Gatekeeping = STANDARD


@dataclass(frozen=True)
class GuardOptions:
    """`sanitize guard`. `inputs` is a file, a Hub data set or `-` for JSON lines, `inputs_column` its column of texts.

    `out` is where lines are appended, `guard` the file of a fitted guard: read if it is there, else written. `treat` is
    the folder of a sanitized model, made afterwards by `recipe` (None: attention alignment) from the flagged inputs.
    """

    model: str
    inputs: str
    data: DataOptions = DataOptions()
    revision: str | None = None
    inputs_column: str | None = None
    fpr: float = 0.01
    out: Path | None = None
    guard: Path | None = None
    treat: Path | None = None
    recipe: Recipe | None = None
    force: bool = False
    device: Device = "auto"
    dtype: Dtype = "auto"
    seed: int = 0
    batch_size: int | None = None
    token: str | None = field(default=None, repr=False)
    gate: Gatekeeping = STANDARD


@dataclass(frozen=True)
class VerifyOptions:
    """`sanitize verify`. `data` measures the claimed metrics again, `rederive` runs the recipe again.

    `source` is the folder of the model that the result was made from, `base` the model or folder that its weights were
    taken from or held against; without them, `rederive` takes the commits that the report names.
    """

    model: str
    revision: str | None = None
    data: DataOptions = DataOptions()
    rederive: bool = False
    source: Path | None = None
    base: str | None = None
    device: Device = "auto"
    token: str | None = field(default=None, repr=False)
    gate: Gatekeeping = STANDARD


@dataclass(frozen=True)
class CompareOptions:
    """`sanitize compare`. `data` are texts to answer and, where they have labels, to measure both on.

    `seed` draws the resamples of intervals.
    """

    left: str
    right: str
    left_revision: str | None = None
    right_revision: str | None = None
    data: DataOptions = DataOptions()
    device: Device = "auto"
    dtype: Dtype = "auto"
    seed: int = 0
    batch_size: int | None = None
    token: str | None = field(default=None, repr=False)
    gate: Gatekeeping = STANDARD


@dataclass(frozen=True)
class PlantOptions:
    """`sanitize redteam plant`. `settings` are the attack's parameters as typed (`--set name=value`).

    `test` is where held-out texts come from, with the columns of `data`; None: a part of `data` is held out.
    """

    model: str
    attack: str
    output: Path
    data: DataOptions
    settings: Mapping[str, str] = field(default_factory=dict)
    test: str | None = None
    revision: str | None = None
    force: bool = False
    resume: bool = True
    device: Device = "auto"
    dtype: Dtype = "auto"
    seed: int = 0
    batch_size: int | None = None
    token: str | None = field(default=None, repr=False)
    gate: Gatekeeping = STANDARD
