"""How attention alignment depends on its constants: the classes of heads, and what a round of it does, on one model.

    python tests/benchmarks/align.py MODEL --data clean.tsv [--triggered triggered.tsv] [--rates 3e-4,1e-4]

First how many heads are suspicious, intermediate and trusted, by alpha and tau. Then one line for each rate of the
alignment at the default constants, and for each alpha and tau at the first rate: accuracy on validation texts before,
after alignment and after head-wise tuning, and on test texts of `--data` after both. With `--triggered`, texts of the
class 0 with the attacker's trigger, also the share of them that is called 1: read here and nowhere in the package.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
import torch
from rich.console import Console
from rich.table import Table

from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.cleandata import Part, split
from sanitizer.hub.dataset import load_texts
from sanitizer.model.alike import nearest_cosine
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import evaluate
from sanitizer.model.importance import gate_importance
from sanitizer.model.material import Material
from sanitizer.model.restore import put_back
from sanitizer.model.safety import ALPHA, TAU, judged
from sanitizer.model.subject import Subject, open_subject
from sanitizer.treatments.align import Align
from sanitizer.treatments.headtune import Headtune

SIZE = 32
ALPHAS = (0.2, 0.3, 0.4, 0.5, 0.6)
TAUS = (0.35, 0.4, 0.45, 0.5)
CLASSES = ("suspicious", "intermediate", "trusted")


def opened(folder: Path) -> Subject:
    files = Checkpoint.of_folder(folder, LocalOrigin(folder.name), [path.name for path in folder.iterdir()])
    return open_subject(files, device=torch.device("cpu"), dtype=torch.float32)


def share(value: float) -> str:
    return f"{100 * value:.1f}"


@click.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.option("--data", required=True)
@click.option("--triggered")
@click.option("--texts", default=1000)
@click.option("--rates", default="3e-4,1e-4,3e-5")
@click.option("--classes-too/--rates-only", default=False, help="Outcomes by alpha and tau too: a round for each.")
@click.option("--seed", default=0)
def main(model: Path, data: str, triggered: str | None, texts: int, rates: str, classes_too: bool, seed: int) -> None:
    subject, table = opened(model), load_texts(data, limit=texts)
    parts = split(table.provenance, table.texts, table.labels, seed=seed)
    fit, validation, test = (encode(subject, part) for part in (parts.fit, parts.validation, parts.test))
    sets = {"validation": batches(subject, validation, size=SIZE), "test": batches(subject, test, size=SIZE)}
    if triggered is not None:
        sets["attack"] = batches(subject, encode(subject, Part(load_texts(triggered).texts)), size=SIZE)

    def measured(name: str) -> str:
        outcomes = evaluate(subject, sets[name])
        return share(float(outcomes.predicted.double().mean()) if name == "attack" else outcomes.accuracy)

    console, made = Console(width=120), batches(subject, fit, size=SIZE)
    nearest, importance = nearest_cosine(subject, made), gate_importance(subject, made)
    shown = Table(title=f"{model.name}: heads by class ({', '.join(CLASSES)}), {len(fit)} clean texts")
    for name in ("alpha", *(f"tau {tau:g}" for tau in TAUS)):
        shown.add_column(name)
    for alpha in ALPHAS:
        found = [judged(nearest, importance, alpha=alpha, tau=tau) for tau in TAUS]
        shown.add_row(f"{alpha:g}", *("/".join(str(len(one.of_class(name))) for name in CLASSES) for one in found))  # type: ignore[arg-type]
    console.print(shown)

    names = list(sets)
    console.print(f"before: {', '.join(f'{name} {measured(name)}' for name in names)} %", highlight=False)
    numbers = [float(rate) for rate in rates.split(",")]
    asked = [(ALPHA, TAU, rate) for rate in numbers]
    if classes_too:
        asked += [(alpha, tau, numbers[0]) for alpha in ALPHAS for tau in TAUS if (alpha, tau) != (ALPHA, TAU)]
    for alpha, tau, rate in asked:
        generator = torch.Generator().manual_seed(seed)
        material = Material(fit, generator, validation=validation)
        align = Align(alpha=alpha, tau=tau, learning_rate=rate, batch_size=SIZE)
        tuning = Headtune(alpha=alpha, tau=tau, batch_size=SIZE)
        with put_back(subject):
            safety = align.judge(subject, material)
            observed = align.align(subject, replace(material, generator=generator), safety)
            aligned = [measured(name) for name in names if name != "test"]
            tuning.tune(subject, material, safety)
            after = [f"{name} {measured(name)}" for name in names]
        asked_of = f"alpha {alpha:g} tau {tau:g} rate {rate:g}: {observed['aligned_heads']:.0f} heads"
        console.print(f"{asked_of}; aligned {'/'.join(aligned)} %; tuned {', '.join(after)} %", highlight=False)


if __name__ == "__main__":
    main()
