"""How well triggered inputs are told from clean ones by their attention profile.

    python tests/benchmarks/guard.py MODEL --data clean.tsv --clean dev.tsv --triggered badnets=triggered.tsv

`--data` is what the defender has: 70 % of it to fit, 15 % to calibrate on. `--clean` are clean inputs that are in
neither; control texts are made from them. Intervals are 95 %: bootstrap for areas, Wilson for shares. Precision is for
a stream that is half triggered. The attack's texts are read here and nowhere in the package.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest

from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.cleandata import Part, split
from sanitizer.hub.dataset import load_texts
from sanitizer.model.batches import Batch, batches, encode
from sanitizer.model.observe import IMPLEMENTATION
from sanitizer.model.subject import Subject, open_subject
from sanitizer.scan.conformal import p_values, shift
from sanitizer.scan.controls import controls
from sanitizer.scan.guard import Guard
from sanitizer.scan.profile import profiles
from sanitizer.scan.similarity import similarity

SIZE = 32
RATES = (0.01, 0.05)


def opened(folder: Path) -> Subject:
    files = Checkpoint.of_folder(folder, LocalOrigin(folder.name), [path.name for path in folder.iterdir()])
    return open_subject(files, device=torch.device("cpu"), dtype=torch.float32)


def share(hits: np.ndarray) -> str:
    interval = binomtest(int(hits.sum()), len(hits)).proportion_ci(method="wilson")
    return f"{100 * hits.mean():.1f} ({100 * interval.low:.1f}–{100 * interval.high:.1f})"


def cost(subject: Subject, texts: tuple[str, ...], rounds: int) -> list[tuple[str, str, str]]:
    """Median over rounds of the time against an eager forward that ran right before, over the same texts."""
    data = encode(subject, Part(texts))
    made: tuple[Batch, ...] = batches(subject, data, size=SIZE)

    @torch.no_grad()
    def eager() -> None:
        subject.model.set_attn_implementation("eager")
        for batch in made:
            subject.model(**batch.inputs)
        subject.model.set_attn_implementation(IMPLEMENTATION)

    def seconds(work: Callable[[], object]) -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    rows = []
    for name, work in (
        ("profile", lambda: profiles(subject, data, batch_size=SIZE)),
        ("similarity", lambda: similarity(subject, made)),
    ):
        pairs = [(seconds(eager), seconds(work)) for _ in range(rounds)]
        ratio = float(np.median([ours / plain for plain, ours in pairs]))
        rows.append((name, f"{ratio:.2f} × eager forward", f"{len(texts) / np.median([o for _, o in pairs]):.0f} /s"))
    return rows


@click.command()
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", required=True, help="Clean texts of the defender.")
@click.option("--clean", required=True, help="Other clean texts, to test on.")
@click.option("--triggered", multiple=True, metavar="NAME=FILE", help="Triggered texts, to test on.")
@click.option("--seed", default=0, show_default=True)
@click.option("--rounds", default=3, show_default=True, help="Of measuring the cost; 0 leaves it out.")
def main(model: Path, data: str, clean: str, triggered: tuple[str, ...], seed: int, rounds: int) -> None:
    """Print areas under the curve, and recall and precision at false-positive rates of 1 % and 5 %."""
    subject = opened(model)
    table = load_texts(data)
    parts = split(table.provenance, table.texts, None, seed=seed)
    guard = Guard.fit(subject, parts.fit.texts, parts.validation.texts, model="")

    def distances(texts: tuple[str, ...]) -> np.ndarray:
        return guard.ordinary.distances(profiles(subject, encode(subject, Part(texts)), batch_size=SIZE))

    tested = load_texts(clean).texts
    ordinary = distances(tested)
    generator = torch.Generator().manual_seed(seed)
    sets = dict(word.split("=", 1) for word in triggered)
    unusual = {name: load_texts(path).texts for name, path in sets.items()}
    unusual |= controls(tested, subject.tokenizer, generator=generator)
    heading = [f"{word} at {100 * rate:.0f} %" for word in ("flagged", "precision") for rate in RATES]
    shown = Table(
        *("inputs", "n", "AUC against clean", *heading),
        title=f"{model.name}: {len(parts.fit)} fitted, {len(guard.calibration)} calibrated",
    )
    false = [p_values(guard.calibration, ordinary) <= rate for rate in RATES]
    shown.add_row("clean", str(len(tested)), "", *(share(hits) for hits in false), "", "")
    for name, texts in unusual.items():
        scores = distances(texts)
        area = shift(ordinary, scores, fpr=0.05, generator=np.random.default_rng(seed))
        hits = [p_values(guard.calibration, scores) <= rate for rate in RATES]
        precise = [
            f"{100 * hit.mean() / max(hit.mean() + wrong.mean(), 1e-9):.1f}"
            for hit, wrong in zip(hits, false, strict=True)
        ]
        areas = f"{area.auc:.3f} ({area.auc_low:.3f}–{area.auc_high:.3f})"
        shown.add_row(name, str(len(texts)), areas, *(share(hit) for hit in hits), *precise)
    console = Console(width=140)
    console.print(shown)
    if rounds:
        for row in cost(subject, parts.fit.texts[:512], rounds):
            console.print("  ".join(row), highlight=False)


if __name__ == "__main__":
    main()
