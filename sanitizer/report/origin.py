"""Where everything came from: the tool, the checkpoint, its base, the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sanitizer.later import later
from sanitizer.report.terms import Task
from sanitizer.report.vetting import Finding


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
class MemoryRecord:
    """Bytes that the process held at most until its last measurement: of main memory, and of a GPU's (None without)."""

    main: int
    gpu: int | None = None


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
    base_models: tuple[str, ...] = later(())


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
