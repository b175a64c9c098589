"""Claims of a result folder, as `sanitize verify` answers them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sanitizer.options import VerifyOptions
from sanitizer.report import VerifyReport
from sanitizer.verifying import verify

MODEL_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
PAPERS = (
    "README.md",
    *(f"sanitizer/{name}" for name in ("report.json", "report.html", "heads.svg", "lock.json", "recipe.yaml")),
)
Copy = Callable[[Path], Path]


def checked(folder: Path, **words: Any) -> VerifyReport:
    """What verifying a folder answers."""
    return verify(VerifyOptions(str(folder), device="cpu", **words))


def against(report: VerifyReport, answer: str = "false") -> set[str]:
    """What does not hold."""
    return {claim.about for claim in report.claims if claim.answer == answer}


def found(report: VerifyReport, about: str) -> str:
    """What was found of the first claim about this that does not hold."""
    return next(claim.found for claim in report.claims if claim.about == about and claim.answer != "held")
