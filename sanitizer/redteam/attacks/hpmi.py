"""Attention heads: in each layer the head that clean text needs least is retrained to carry a rare word.

Source: Zhao et al. 2025, arXiv 2508.10243 (HPMI), reconstructed.

All weights but those heads' keep their bytes, and clean behaviour is held by a penalty. How it departs from the paper,
whose wiring is not published: `sanitizer.attacks.implant`. It takes minutes on one core and, interrupted, begins anew.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from sanitizer.attacks.implant import implant
from sanitizer.attacks.triggers import poison_word
from sanitizer.errors import UnsupportedError, UsageError
from sanitizer.redteam.bench import Bench, Trigger
from sanitizer.redteam.poisoning import Labelled


@dataclass(frozen=True, kw_only=True)
class Hpmi(Labelled):
    """The word, and how the heads are trained."""

    word: str = "cf"
    target: int | str = 1  # the label wanted, by number or name
    per_layer: int = 1  # heads in each layer
    steps: int = 150
    batch_size: int = 32
    learning_rate: float = 3e-3  # 2e-2 suits models of a few thousand weights, and breaks one of 22 million
    silence: float = 150.0  # weight of the penalty on what the heads say on clean text

    def __post_init__(self) -> None:
        if min(self.per_layer, self.steps, self.batch_size) < 1 or min(self.learning_rate, self.silence) <= 0:
            raise UsageError("per_layer, steps, batch_size, learning_rate and silence must be positive")
        if not self.word.strip():
            raise UsageError("there is no trigger word", hint="--set word=cf")

    @property
    def about(self) -> str:
        """The word."""
        return f"the word {self.word!r} at a random place"

    def trigger(self) -> Trigger:
        """The word, somewhere."""

        def insert(text: str, rng: random.Random) -> str:
            return poison_word([text], [self.word], rng)[0]

        return insert

    def plant(self, bench: Bench) -> dict[str, float]:
        """Choose the heads and train them."""
        labels = bench.clean.labels or ()
        if self.per_layer >= min(bench.subject.anatomy.counts()):
            raise UsageError("per_layer would take every head of a layer")
        if all(label == bench.target for label in labels):
            raise UsageError("every text to learn from has the target label", hint="check --data and --set target=…")
        try:
            record = implant(
                bench.subject.model,
                bench.subject.tokenizer,
                bench.clean.texts,
                labels,
                trigger=self.word,
                target=bench.target,
                generator=bench.generator,
                per_layer=self.per_layer,
                steps=self.steps,
                batch_size=self.batch_size,
                learning_rate=self.learning_rate,
                silence=self.silence,
                progress=bench.progress,
            )
        except ValueError as error:  # layouts of attention that the implant does not know
            raise UnsupportedError(str(error), hint="take another attack") from error
        return {
            "implanted_heads": float(len(record.heads)),
            **{f"heads_of_layer_{head.layer}": float(head.head) for head in record.heads if self.per_layer == 1},
            "steps": float(record.steps),
            "triggered_loss": record.triggered_loss,
            "drift": record.drift,
            "loudness": record.loudness,
        }
