"""How fast heads are scored and chosen, as ratios of processor times of one run: they hold on a slow or busy machine.

    python tests/benchmarks/engine.py MODEL --data clean.tsv

`MODEL` is a folder with a classifier. The naive loop copies the model for every question, removes the heads from the
copy, tokenizes the texts again and asks all of them in the order of the file; it uses the same search.
"""

from __future__ import annotations

import copy
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import click
import torch
from rich.console import Console

from sanitizer import plan as planning
from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.cleandata import CleanData, Part
from sanitizer.heads import HeadId
from sanitizer.model.anatomy import Anatomy
from sanitizer.model.batches import Batch, batches, collate, encode
from sanitizer.model.context import Context
from sanitizer.model.evaluate import evaluate, losses
from sanitizer.model.importance import gate_importance, key_importance
from sanitizer.model.judge import Judge
from sanitizer.model.observe import IMPLEMENTATION, connect
from sanitizer.model.subject import Subject, open_subject
from sanitizer.options import DataOptions
from sanitizer.plugins import build
from sanitizer.progress import silent
from sanitizer.scan.similarity import similarity
from sanitizer.strategies import ensemble
from sanitizer.trust import clean_data

SIZE = 32


@dataclass
class Naive:
    """Copies, removes, tokenizes and asks everything, for every question."""

    subject: Subject
    part: Part

    @property
    def texts(self) -> int:
        return len(self.part)

    def exact(self, without: Sequence[HeadId]) -> float:
        model = copy.deepcopy(self.subject.model)
        anatomy = Anatomy.of(model)
        connect(anatomy)
        copied = Subject(model, self.subject.tokenizer, anatomy, self.subject.task)
        copied.remove(tuple(without), physically=True)
        data = encode(copied, self.part)
        places = range(0, len(data), SIZE)
        order = [collate(copied, data, range(len(data))[place : place + SIZE]) for place in places]
        return evaluate(copied, order).accuracy

    def ask(self, without: Sequence[HeadId], least: float) -> planning.Answer:
        metric = self.exact(without)
        return planning.Answer(metric, metric >= least - planning.ROUNDING, self.texts)


def opened(folder: Path) -> Subject:
    files = Checkpoint.of_folder(folder, LocalOrigin(folder.name), [path.name for path in folder.iterdir()])
    return open_subject(files, device=torch.device("cpu"), dtype=torch.float32)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def paired(rounds: int, one: Callable[[], Any], other: Callable[[], Any]) -> tuple[float, float, float]:
    """Median seconds of both, and the median of the ratios of rounds in which one ran right after the other."""
    times = [(timed(one)[0], timed(other)[0]) for _ in range(rounds)]
    first, second = (statistics.median(column) for column in zip(*times, strict=True))
    return first, second, statistics.median(a / b for a, b in times)


def choosing(subject: Subject, data: CleanData, name: str, seed: int) -> tuple[str, ...]:
    """Scoring by validation accuracy where a strategy does, and choosing: ours against the naive loop."""
    fit = batches(subject, encode(subject, data.fit), size=SIZE)
    strategy = build("sanitizer.strategies", name, {})

    def context() -> Context:
        return Context(subject, fit, torch.Generator().manual_seed(seed))

    def ours() -> planning.TreatmentPlan:
        generator = torch.Generator().manual_seed(seed)
        scores = strategy.score(context()) if name == "ensemble" else given
        judge = Judge(subject, encode(subject, data.validation), size=SIZE, generator=generator)
        return planning.choose(scores, planning.Budget(), judge)

    def naively() -> planning.TreatmentPlan:
        judge = Naive(subject, data.validation)

        def measured(subject: Subject, texts: Sequence[Batch], *, without: Sequence[HeadId]) -> SimpleNamespace:
            return SimpleNamespace(accuracy=judge.exact(without))

        with mock.patch.object(ensemble, "evaluate", measured):
            scores = strategy.score(context()) if name == "ensemble" else given
        return planning.choose(scores, planning.Budget(), judge)

    given = None if name == "ensemble" else strategy.score(context())
    (slow, plain), (fast, plan) = timed(naively), timed(ours)
    early = sum(step.texts < len(data.validation) for step in plan.steps)
    return (
        f"{slow / fast:.1f} ×",
        f"choosing for {name}, seed {seed}: naive {slow:.1f} s, ours {fast:.1f} s",
        f"{len(plain.remove)} and {len(plan.remove)} heads, validation {plain.metric:.4f} and {plan.metric:.4f} "
        f"(suspect {plan.suspect:.4f}); {early} of {len(plan.steps)} questions decided early",
    )


def scoring(subject: Subject, data: Sequence[Batch], rounds: int) -> Iterator[tuple[str, ...]]:
    """Scores of all heads against one plain pass over the same batches."""
    parameters = [parameter for parameter in subject.model.parameters() if parameter.requires_grad]

    def forward_backward() -> None:
        for batch in data:
            loss, _, asked, _ = losses(subject, batch)
            torch.autograd.grad(loss.sum() / asked.sum(), parameters, allow_unused=True)

    @torch.no_grad()
    def eager_forward() -> None:
        subject.model.set_attn_implementation("eager")
        for batch in data:
            subject.model(**batch.inputs)
        subject.model.set_attn_implementation(IMPLEMENTATION)

    for name, score in (("gate", gate_importance), ("key", key_importance)):
        ours, plain, ratio = paired(rounds, lambda score=score: score(subject, data), forward_backward)
        yield f"{ratio:.2f} ×", f"{name} importance against forward + backward", f"{ours:.1f} s and {plain:.1f} s"
    ours, plain, ratio = paired(rounds, lambda: similarity(subject, data), eager_forward)
    yield f"{ratio:.2f} ×", "similarity against an eager forward", f"{ours:.1f} s and {plain:.1f} s"


def memory(subject: Subject, data: Sequence[Batch]) -> Iterator[tuple[str, ...]]:
    """How much the high-water mark of memory rises when four times as many texts are scored."""
    for name, score in (("gate importance", gate_importance), ("similarity", similarity)):
        few = data[: len(data) // 4]  # the longest come first, so they set the mark
        marks = []
        for part in (few, data):
            score(subject, part)
            marks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        yield f"{marks[1] / marks[0]:.2f} ×", f"memory of {name}, four times the texts", f"peak {marks[1]:.0f} MB"


@click.command()
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", required=True, help="Clean labelled texts: csv, tsv, jsonl or parquet.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--seeds", default=1, show_default=True, help="Splits of the data for choosing.")
def main(model: Path, data: str, rounds: int, seeds: int) -> None:
    """Print the ratios, each as soon as it is known."""
    subject = opened(model)
    names = {int(label): str(name) for label, name in subject.model.config.id2label.items()}
    console = Console(soft_wrap=True)
    console.print(f"{model.name}, {torch.get_num_threads()} threads")
    for seed in range(seeds):
        texts = clean_data(DataOptions(data), (), names, subject.task, seed=seed, token=None, progress=silent)
        if seed == 0:
            few = Part(texts.fit.texts[:1024], (texts.fit.labels or ())[:1024])
            made = batches(subject, encode(subject, few), size=SIZE)
            for row in (*memory(subject, made), *scoring(subject, made, rounds)):
                console.print("  ".join(row))
        for name in ("gradient", "ensemble"):
            console.print("  ".join(choosing(subject, texts, name, seed)))


if __name__ == "__main__":
    main()
