"""How often a classifier changes its answer when a clean text is made unusual, and towards which label.

Controls are no triggers, so this finds no backdoor. It is for two scans of one model, before and after a treatment:
removing or quantizing weights can wake an attack that slept (Egashira et al., NeurIPS 2024, arXiv 2405.18137, for
quantization), and a model that answers odd texts more readily than before has become easier to turn.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sanitizer.cleandata import Part
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import evaluate
from sanitizer.model.measure import share
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent
from sanitizer.report import FlipRecord
from sanitizer.scan.controls import controls


def flips(
    subject: Subject,
    texts: Sequence[str],
    *,
    batch_size: int,
    most_tokens: int,
    seed: int,
    progress: Progress = silent,
) -> tuple[FlipRecord, ...]:
    """One record per control, each over all `texts`, cut at `most_tokens`; none for a causal model or without texts.

    The same texts, tokenizer and seed give the same odd texts, whatever the weights.
    """
    if subject.task != "classification" or not texts:
        return ()

    def answers(asked: Sequence[str], step: str) -> Tensor:
        data = encode(subject, Part(tuple(asked)), most_tokens=most_tokens)
        return evaluate(subject, batches(subject, data, size=batch_size), progress=progress, step=step).predicted

    own = answers(texts, "answers")
    odd = controls(texts, subject.tokenizer, generator=torch.Generator().manual_seed(seed))
    return tuple(_record(name, own, answers(made, f"answers, {name}")) for name, made in odd.items())


def _record(control: str, own: Tensor, odd: Tensor) -> FlipRecord:
    changed = own != odd
    if not changed.any():
        return FlipRecord(control, share("changed", changed), None, 0.0)
    labels = odd[changed].bincount()
    return FlipRecord(control, share("changed", changed), int(labels.argmax()), float(labels.max() / labels.sum()))
