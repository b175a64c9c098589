"""Results of real runs on tiny models, made once, and copies of them to tamper with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from helpers.runs import make_suspect, make_tsv, options
from safetensors.torch import load_file, save_file

from sanitizer import pipeline
from sanitizer.output import SUMS, seal

RECIPE = "strategy: gradient\nsettings: {samples: 16}\ntreatments: [remove, {finetune: {epochs: 1}}]\n"


def make_result(path: Path, *, family: str = "bert", **changes: Any) -> Path:
    """Suspect, clean texts and the result of a run on them: `suspect`, `clean.tsv`, `out` and the rest in `path`."""
    suspect, texts = make_suspect(path / "suspect", family), make_tsv(path / "clean.tsv", labelled=family == "bert")
    (path / "recipe.yaml").write_text(RECIPE)
    words = options(suspect, texts, path / "out", recipe=path / "recipe.yaml", resume=False, **changes)
    assert pipeline.run(words).report.passed
    return path / "out"


def copy_of(result: Path, place: Path) -> Path:
    """A folder of the same name, so that its card still is its card."""
    shutil.copytree(result, place / result.name)
    return place / result.name


def resealed(folder: Path) -> Path:
    """What a careful forger does last."""
    (folder / SUMS).unlink()
    seal(folder)
    return folder


def edited(path: Path, change: Callable[[Any], None]) -> None:
    """Change a JSON file."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document, indent=2) + "\n")


def reweighed(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    """Change the tensors, and the digest and size that the report has of their file."""
    import hashlib

    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})

    def note(report: Any) -> None:
        for file in report["files"]:
            if file["name"] == path.name:
                file["sha256"], file["size"] = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size

    edited(folder / "sanitizer" / "report.json", note)
