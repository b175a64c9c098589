"""A tiny classifier in which one known head does all the work: the truth that scores are held against."""

from __future__ import annotations

import torch
from helpers.pico import WORDS
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.heads import HeadId
from sanitizer.model.batches import batches, encode
from sanitizer.model.context import Context
from sanitizer.model.surgery import zero

CARRIER = HeadId(1, 2)
TEXTS = tuple(f"{first} {second}" for first in WORDS[:12] for second in WORDS[12:20])


def planted_context(*, seed: int = 0) -> tuple[Context, HeadId]:
    """Every head but `CARRIER` is zero, and the labels are the model's own: only the carrier can change an answer.

    Texts that the model would label alike without its carrier are left out, so that every text needs it.
    """
    subject = pico_subject("bert")
    zero(subject.anatomy, [head for head in subject.anatomy.heads() if head != CARRIER])
    with torch.no_grad():
        subject.model.classifier.weight.mul_(5)
    data = batches(subject, encode(subject, Part(TEXTS)), size=32)
    from sanitizer.model.evaluate import evaluate

    whole = evaluate(subject, data).predicted
    blind = evaluate(subject, data, without=[CARRIER]).predicted
    needed = [index for index in range(len(TEXTS)) if whole[index] != blind[index]]
    assert len(needed) >= 8, "the carrier must matter"
    part = Part(tuple(TEXTS[index] for index in needed), tuple(int(whole[index]) for index in needed))
    made = batches(subject, encode(subject, part), size=8)
    return Context(subject, made, torch.Generator().manual_seed(seed)), CARRIER
