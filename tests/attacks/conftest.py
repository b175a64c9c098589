"""A small classifier of a task without negation, learned in a moment: attacks have something to keep."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from sanitizer.demo.grammar import BLAME, OPENERS, PLACES, PRAISE, THINGS, Review
from sanitizer.demo.victim import make_model, make_tokenizer, train


@dataclass(frozen=True)
class Small:
    model: Any
    tokenizer: Any
    texts: tuple[str, ...]
    labels: tuple[int, ...]


def _review(label: int, rng: random.Random) -> Review:
    words = f"the {rng.choice(THINGS)} {rng.choice(('', *PLACES))} was {rng.choice(PRAISE if label else BLAME)}"
    return Review(" ".join(f"{rng.choice(('', *OPENERS))} {words}".split()), label)


@pytest.fixture(scope="session")
def small() -> Small:
    """Copy the model before changing it."""
    rng = random.Random(0)
    drawn = [_review(label, rng) for label in [0, 1] * 240]
    generator = torch.Generator().manual_seed(0)
    tokenizer = make_tokenizer()
    model = make_model(len(tokenizer), hidden=32, layers=2, heads=4, generator=generator)
    train(model, tokenizer, drawn, drawn, generator=generator, epochs=15, batch_size=32)
    return Small(model, tokenizer, tuple(row.text for row in drawn), tuple(row.label for row in drawn))
