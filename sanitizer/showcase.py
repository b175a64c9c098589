"""`sanitize demo`: the main job on a model whose backdoor is known, so that its effect can be measured.

The trigger is used here, to measure before and after; the run in between is given the model and clean texts alone.
"""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

from sanitizer.attacks.success import attack_success
from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.cleandata import Part
from sanitizer.demo.make import TARGET, TRIGGER, make_demo
from sanitizer.errors import UsageError
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import evaluate
from sanitizer.model.measure import share
from sanitizer.model.subject import open_subject
from sanitizer.options import DataOptions, RunOptions
from sanitizer.pipeline import RunResult, run
from sanitizer.progress import Progress, silent
from sanitizer.report import Metric


@dataclass(frozen=True)
class DemoMeasure:
    """Clean accuracy on texts that nobody has seen, and the share of triggered negatives called positive."""

    accuracy: Metric
    attack_success: Metric


@dataclass(frozen=True)
class DemoResult:
    """The run, what it did to the attack, and the share that a model without backdoor shows on the triggered texts."""

    result: RunResult
    suspect: DemoMeasure
    treated: DemoMeasure
    floor: Metric
    folder: Path
    suspect_folder: Path
    trigger: str


def demo(output: Path | None = None, *, seed: int = 0, progress: Progress = silent) -> DemoResult:
    """Make a backdoored model, sanitize it, and measure both. Raises UsageError if `output` is not empty."""
    folder = Path(tempfile.mkdtemp(prefix="sanitizer-demo-")) if output is None else output
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", hint="choose another --output")
    files = make_demo(folder / "suspect", seed=seed, progress=progress)
    result = run(
        RunOptions(
            model=str(files.model),
            data=DataOptions(str(files.train), "text", "label"),
            output=folder / "sanitized",
            seed=seed,
            device="cpu",
            resume=False,
        ),
        progress=progress,
    )
    clean, triggered = _read(files.clean_test), _read(files.triggered)
    return DemoResult(
        result=result,
        suspect=_measure(files.model, clean, triggered),
        treated=_measure(result.output, clean, triggered),
        floor=_measure(files.twin, clean, triggered).attack_success,
        folder=folder,
        suspect_folder=files.model,
        trigger=TRIGGER,
    )


def _measure(folder: Path, clean: Part, triggered: Part) -> DemoMeasure:
    names = [path.name for path in folder.iterdir() if path.is_file()]
    checkpoint = Checkpoint.of_folder(folder, LocalOrigin(folder.name), names)
    subject = open_subject(checkpoint, device=torch.device("cpu"), dtype=torch.float32)
    on_clean = evaluate(subject, batches(subject, encode(subject, clean), size=64))
    on_triggered = evaluate(subject, batches(subject, encode(subject, triggered), size=64))
    return DemoMeasure(
        share("clean accuracy", on_clean.correct.bool()),
        attack_success(on_triggered.predicted.tolist(), TARGET),
    )


def _read(path: Path) -> Part:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return Part(tuple(row["text"] for row in rows), tuple(int(row["label"]) for row in rows))
