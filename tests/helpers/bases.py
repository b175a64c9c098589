"""Bases of tiny models: folders without a head, and what a subject's parameters are called in them."""

from __future__ import annotations

from pathlib import Path

from helpers.pico import make_model, make_tokenizer
from helpers.subjects import checkpoint_of, pico_subject

from sanitizer.model.base import Base
from sanitizer.model.subject import Subject


def make_base(path: Path, family: str = "bert", *, seed: int = 0, **changes: object) -> Path:
    """The inner model alone, as those are published that others are made from."""
    make_model(family, seed=seed, **changes).base_model.save_pretrained(path)
    make_tokenizer().save_pretrained(path)
    return path


def based(
    path: Path, family: str = "bert", *, seed: int = 1, base_seed: int = 0, **changes: object
) -> tuple[Subject, Base]:
    """A subject, and a base with other weights; the same where the seeds are."""
    subject = pico_subject(family, seed=seed, **changes)
    return subject, Base.of(checkpoint_of(make_base(path, family, seed=base_seed, **changes)), subject)
