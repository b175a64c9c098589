"""What a strategy is given, over a tiny model and a few texts."""

from __future__ import annotations

import hashlib

import torch
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.model.batches import batches, encode
from sanitizer.model.context import Context
from sanitizer.model.subject import Subject

TEXTS = tuple(f"the {word} was {how} good" for word in ("film", "plot", "scene", "cast") for how in ("not", "very"))
LABELS = tuple(index % 2 for index in range(len(TEXTS)))


def context_of(subject: Subject | None = None, *, seed: int = 0) -> Context:
    """Eight texts, in batches of four, as fit and as validation part."""
    subject = subject or pico_subject("bert")
    labels = None if subject.task == "causal" else LABELS
    made = batches(subject, encode(subject, Part(TEXTS, labels)), size=4)
    return Context(subject, made, torch.Generator().manual_seed(seed))


def digest(subject: Subject) -> str:
    """One hash over all weights and buffers."""
    sha = hashlib.sha256()
    for name, tensor in subject.model.state_dict().items():
        sha.update(name.encode() + tensor.detach().float().numpy().tobytes())
    return sha.hexdigest()
