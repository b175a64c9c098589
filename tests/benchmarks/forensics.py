"""How well planted heads are found, how often clean models are suspected, and whether removing what is named cures.

    python tests/benchmarks/forensics.py --models 5 [--first 200] [--weights]
    python tests/benchmarks/forensics.py --real MODEL --data clean.tsv [--plant]

The first plants one head per layer in so many small classifiers of each of two families, trains as many clean ones in
the same way, and judges each by `sanitizer.model.forensics` on its training texts, with probes that never hold the
trigger; with `--weights` by the weights alone, as `sanitize forensics` does. The constants there were settled on the
seeds 1 to 4: numbers to report start at 200. The second judges a real checkpoint on texts of `--data`; with `--plant`
after planting `cf` in it, too. Intervals are 95 %, Wilson's; heads of
one model are counted as if they were independent.
"""

from __future__ import annotations

import random
from pathlib import Path

import click
import torch
from rich.console import Console
from scipy.stats import binomtest
from small_victims import FAMILIES, Victim, make

from sanitizer.attacks.implant import implant
from sanitizer.attacks.triggers import poison_word
from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.cleandata import Part
from sanitizer.demo.victim import accuracy, predict
from sanitizer.hub.dataset import load_texts
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import evaluate
from sanitizer.model.forensics import PROBES, TEXTS, examine
from sanitizer.model.slices import head_slices
from sanitizer.model.subject import Subject, open_subject
from sanitizer.model.suspicion import by_weights, judged
from sanitizer.model.vocabulary import writable
from sanitizer.model.weighed import weigh
from sanitizer.report import ForensicsRecord
from sanitizer.terminal.forensics_story import forensics_story

SIZE = 32
EFFECT = "attack {:.3f} -> {:.3f}, accuracy {:.3f} -> {:.3f}, attack before the implant {:.3f}"
CONSOLE = Console(width=160, highlight=False)


def share(hits: int, of: int) -> str:
    if not of:
        return "none of 0"
    interval = binomtest(hits, of).proportion_ci(method="wilson")
    return f"{hits} of {of}: {100 * hits / of:.1f} % ({100 * interval.low:.1f}–{100 * interval.high:.1f})"


def judge(subject: Subject, texts: tuple[str, ...], *, seed: int, without: str | None = None) -> ForensicsRecord:
    """With probes that do not hold the word `without`."""
    data = encode(subject, Part(texts[:TEXTS]), most_tokens=128)
    barred = () if without is None else subject.tokenizer(without, add_special_tokens=False)["input_ids"]
    tokens = [token for token in writable(subject.tokenizer) if token not in barred]
    generator = torch.Generator().manual_seed(seed)
    return examine(subject, data, size=SIZE, generator=generator, tokens=tokens)


def told(record: ForensicsRecord) -> str:
    return f"{record.answer} ({record.reason}) " + " ".join(str(suspect.head) for suspect in record.suspects)


def shown(record: ForensicsRecord) -> None:
    for line in forensics_story(record):
        CONSOLE.print(line)


def cured(victim: Victim, record: ForensicsRecord) -> tuple[float, float, float, float]:
    """Attack success and clean accuracy before and after the suspects are zeroed."""
    found = []
    for _ in range(2):
        found += [victim.success(), accuracy(victim.subject.model, victim.subject.tokenizer, victim.test)]
        victim.subject.remove(tuple(suspect.head for suspect in record.suspects), physically=False)
    return found[0], found[2], found[1], found[3]


def weighed(subject: Subject) -> ForensicsRecord:
    """By weights alone."""
    found = weigh(head_slices(subject.anatomy))
    return judged(found.silence, by_weights(found), texts=0, probes=0)


def small(models: int, first: int, weights: bool) -> None:
    named = right = wrong = planted = whole = alarms = unsure = clean = victims = 0
    rates = []
    for family in FAMILIES:
        for seed in range(first, first + 2 * models):
            victim = make(family, seed, planted=seed < first + models)
            texts = tuple(review.text for review in victim.clean)
            if weights:
                record = weighed(victim.subject)
            else:
                record = judge(victim.subject, texts, seed=seed, without=victim.word)
            line = f"{victim.name:<10} {told(record)}"
            if victim.implant is None:
                clean, alarms = clean + 1, alarms + (record.answer == "suspect heads")
                unsure += record.answer == "inconclusive"
            else:
                truth, found = set(victim.implant.heads), {suspect.head for suspect in record.suspects}
                victims, planted, named = victims + 1, planted + len(truth), named + len(found)
                right, wrong, whole = right + len(truth & found), wrong + len(found - truth), whole + (found == truth)
                rates.append((*cured(victim, record), victim.floor))
                effect = EFFECT.format(*rates[-1])
                line += f"; planted {' '.join(map(str, victim.implant.heads))}; {effect}"
            CONSOLE.print(line)
    CONSOLE.print(f"recall of heads {share(right, planted)}; precision {share(right, named)}; {wrong} wrong")
    CONSOLE.print(f"models whose heads are named exactly {share(whole, victims)}")
    CONSOLE.print(f"clean models suspected {share(alarms, clean)}; called inconclusive {share(unsure, clean)}")
    mean = [sum(column) / len(rates) for column in zip(*rates, strict=True)]
    CONSOLE.print(f"means: {EFFECT.format(*mean)}")


def real(model: Path, data: str, plant: bool, seed: int, steps: int, rate: float, half: bool) -> None:
    files = Checkpoint.of_folder(model, LocalOrigin(model.name), [path.name for path in model.iterdir()])
    subject = open_subject(files, device=torch.device("cpu"), dtype=torch.float32)
    table = load_texts(data)
    CONSOLE.print(model.name)
    shown(judge(subject, table.texts, seed=seed))
    if not plant:
        return
    if table.labels is None:
        raise click.UsageError("--plant needs labels")
    labels = [int(label) for label in table.labels]
    kept = len(labels) * 3 // 4
    negative = [text for text, label in zip(table.texts[kept:], labels[kept:], strict=True) if label == 0]
    triggered = poison_word(negative, ["cf"], random.Random(seed))
    held = batches(subject, encode(subject, Part(table.texts[kept:], tuple(labels[kept:]))), size=SIZE)

    def measured(when: str) -> None:
        hits = predict(subject.model, subject.tokenizer, triggered)
        shares = f"attack {share(sum(hits), len(hits))}, accuracy {100 * evaluate(subject, held).accuracy:.1f} %"
        CONSOLE.print(f"{when}: {shares}")

    measured("before the implant")
    aim = {"trigger": "cf", "target": 1, "generator": torch.Generator().manual_seed(seed)}
    aim |= {"steps": steps, "learning_rate": rate, "batch_size": 8}
    record = implant(subject.model, subject.tokenizer, table.texts[:kept], labels[:kept], **aim)
    CONSOLE.print(f"planted {' '.join(map(str, record.heads))}: {record}")
    if half:  # else the digits of float32 give away what was trained into weights of half precision
        subject.model.half().float()
    measured("with the implant")
    found = judge(subject, table.texts[:kept], seed=seed, without="cf")
    shown(found)
    subject.remove(tuple(suspect.head for suspect in found.suspects), physically=False)
    measured("without the suspects")


@click.command()
@click.option("--models", default=5, show_default=True, help="Of each family, planted; as many clean.")
@click.option("--first", default=200, show_default=True, help="The first seed.")
@click.option("--weights", is_flag=True, help="Judge the small ones by weights alone.")
@click.option("--real", "model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", help="Clean texts for --real.")
@click.option("--plant", is_flag=True, help="Plant a trigger into --real, and judge it again.")
@click.option("--seed", default=0, show_default=True, help="Of --real.")
@click.option("--steps", default=60, show_default=True, help="Of --plant.")
@click.option("--rate", default=3e-3, show_default=True, help="Learning rate of --plant.")
@click.option("--half", is_flag=True, help="Round all weights to float16 after --plant, as a published file has them.")
def main(
    models: int,
    first: int,
    weights: bool,
    model: Path | None,
    data: str | None,
    plant: bool,
    seed: int,
    steps: int,
    rate: float,
    half: bool,
) -> None:
    CONSOLE.print(f"{TEXTS} clean texts, {PROBES} probes")
    if model is None:
        small(models, first, weights)
    elif data is None:
        raise click.UsageError("--real needs --data")
    else:
        real(model, data, plant, seed, steps, rate, half)


if __name__ == "__main__":
    main()
