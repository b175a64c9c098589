"""The words that records choose from, and the version of their schema."""

from __future__ import annotations

from typing import Literal

SCHEMA_VERSION = "1"
Severity = Literal["low", "medium", "high"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high")
Fate = Literal["kept", "rebuilt", "dropped", "refused"]
Answer = Literal["passed", "refused", "inconclusive"]
FleetAnswer = Literal["done", "refused", "inconclusive", "gate failed"]
Verb = Literal["vet", "forensics", "scan", "run"]
Task = Literal["classification", "causal"]
SetAnswer = Literal["abnormal", "inconclusive", "alike"]
ForensicsAnswer = Literal["nothing", "suspect heads", "inconclusive"]
HeadClass = Literal["suspicious", "intermediate", "trusted"]
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
