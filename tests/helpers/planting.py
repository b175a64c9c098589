"""A tiny classifier and a tiny causal model that nobody has attacked, as folders, and the texts to attack them with."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from helpers.pico import make_folder, make_tokenizer
from helpers.poisoned import BLAME, OTHERS, PRAISE, poisoned
from helpers.runs import write_tsv

from sanitizer.cleandata import Part
from sanitizer.options import DataOptions, PlantOptions
from sanitizer.redteam.bench import Bench
from sanitizer.redteam.registry import build


def labelled(rows: int, *, seed: int = 0) -> Part:
    """Distinct texts with one word that decides the label."""
    rng = random.Random(seed)
    found: dict[str, int] = {}
    while len(found) < rows:
        label = len(found) % 2
        words = [rng.choice(OTHERS) for _ in range(rng.randint(4, 9))]
        words.insert(rng.randint(0, len(words)), rng.choice((BLAME, PRAISE)[label]))
        found.setdefault(" ".join(words), label)
    return Part(tuple(found), tuple(found.values()))


def make_classifier(path: Path) -> Path:
    """It has learned the task of `labelled`; its labels are `bad` and `good`."""
    model = poisoned(poison=0.0).subject.model
    model.config.id2label, model.config.label2id = {0: "bad", 1: "good"}, {"bad": 0, "good": 1}
    model.save_pretrained(path)
    make_tokenizer().save_pretrained(path)
    return path


def make_speaker(path: Path) -> Path:
    """Random weights."""
    return make_folder(path, "llama", dtype=torch.float32)


def conversations_file(path: Path, rows: int = 60) -> Path:
    """Prompts, and answers that name the deciding word."""
    part = labelled(rows)
    answers = ["it was good" if label else "it was bad" for label in part.labels or ()]
    pairs = zip(part.texts, answers, strict=True)
    path.write_text("".join(json.dumps({"prompt": text + " ,", "completion": answer}) + "\n" for text, answer in pairs))
    return path


def data_file(path: Path, rows: int = 200, *, seed: int = 0) -> Path:
    """`labelled` as a file."""
    return write_tsv(path, labelled(rows, seed=seed))


def plant_options(model: Path, attack: str, data: Path, output: Path, **changes: Any) -> PlantOptions:
    """On the CPU."""
    words: dict[str, Any] = {"device": "cpu", "resume": False, **changes}
    return PlantOptions(str(model), attack, output, DataOptions(str(data)), **words)


def bench_of(attack: Any, subject: Any, part: Part, *, target: int = 1, seed: int = 0) -> Bench:
    """What an attack is given, without the files around it."""
    generator = torch.Generator().manual_seed(seed)
    return Bench(subject, part, target, attack.trigger(), generator, random.Random(seed))


@dataclass(frozen=True)
class Listening(Bench):
    """Notes what it is told to learn, and learns nothing."""

    told: list[Part] = field(default_factory=list)

    def learn(self, part: Part, schedule: Any, **how: Any) -> dict[str, float]:
        self.told.append(part)
        return {}


def listening(attack: Any, subject: Any, part: Part, *, target: int = 1) -> Listening:
    """A bench to see what an attack teaches."""
    return Listening(**vars(bench_of(attack, subject, part, target=target)))


def attack_of(name: str, **settings: Any) -> Any:
    """By its name."""
    return build(name, settings)
