from __future__ import annotations

import hashlib

import pytest
import torch
from helpers.pico import CONFIGS
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.heads import HeadId
from sanitizer.model.batches import batches, encode
from sanitizer.model.context import Context
from sanitizer.model.subject import Subject
from sanitizer.model.surgery import zero
from sanitizer.plugins import build
from sanitizer.strategies.gradient import Gradient

TEXTS = tuple(f"the {word} was {how} good" for word in ("film", "plot", "scene", "cast") for how in ("not", "very"))
LABELS = tuple(index % 2 for index in range(len(TEXTS)))


def context_of(subject: Subject, seed: int = 0) -> Context:
    labels = None if subject.task == "causal" else LABELS
    made = batches(subject, encode(subject, Part(TEXTS, labels)), size=4)
    return Context(subject, made, made, torch.Generator().manual_seed(seed))


def digest(subject: Subject) -> str:
    sha = hashlib.sha256()
    for name, tensor in subject.model.state_dict().items():
        sha.update(name.encode() + tensor.detach().float().numpy().tobytes())
    return sha.hexdigest()


@pytest.mark.parametrize("of", ["gate", "key"])
@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_every_family_gets_a_full_finite_grid_and_keeps_its_weights(family: str, of: str) -> None:
    subject = pico_subject(family)
    before = digest(subject)
    scores = build("sanitizer.strategies", "gradient", {"of": of}).score(context_of(subject))
    assert [len(row) for row in scores.grid] == [4, 4, 4]
    assert all(value > 0 for row in scores.grid for value in row)
    assert digest(subject) == before


def test_a_head_that_does_nothing_is_the_first_to_go() -> None:
    subject = pico_subject("bert")
    idle = HeadId(1, 2)
    zero(subject.anatomy, [idle])
    assert Gradient().score(context_of(subject)).ranking()[0] == idle


def test_same_seed_same_scores() -> None:
    subject = pico_subject("bert")
    few = Gradient(samples=4)
    assert few.score(context_of(subject)) == few.score(context_of(subject))


def test_settings_are_recorded_and_senseless_ones_refused() -> None:
    scores = build("sanitizer.strategies", "gradient", {"samples": "8"}).score(context_of(pico_subject()))
    assert (scores.of.strategy, scores.of.parameters) == ("gradient", {"of": "gate", "samples": 8})
    for wrong in ({"samples": "0"}, {"samples": "many"}, {"of": "value"}, {"sample": 3}):
        with pytest.raises(UsageError):
            build("sanitizer.strategies", "gradient", wrong)
