"""What every strategy keeps on every family. A new file in the folder is tested here without being named."""

from __future__ import annotations

import ast
import inspect

import pytest
import torch
from helpers.contexts import context_of, digest
from helpers.pico import CONFIGS
from helpers.subjects import pico_subject

from sanitizer.plugins import build, load, names

PACKAGE = "sanitizer.strategies"
STRATEGY = pytest.mark.parametrize("name", names(PACKAGE))


@STRATEGY
@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_full_finite_grid_and_untouched_weights(name: str, family: str) -> None:
    subject = pico_subject(family)
    before = digest(subject)
    state = torch.random.get_rng_state()
    scores = build(PACKAGE, name, {}).score(context_of(subject))
    assert [len(row) for row in scores.grid] == [4, 4, 4]
    assert scores.of.strategy == name
    assert digest(subject) == before
    assert not subject.model.training
    assert all(parameter.requires_grad for parameter in subject.model.parameters())
    assert torch.equal(torch.random.get_rng_state(), state), "randomness comes from the context's generator alone"


@STRATEGY
def test_same_seed_same_scores(name: str) -> None:
    strategy = build(PACKAGE, name, {})
    subject = pico_subject("bert")
    assert strategy.score(context_of(subject, seed=3)) == strategy.score(context_of(subject, seed=3))


@STRATEGY
def test_docstring_names_source_and_blind_spot(name: str) -> None:
    text = ast.get_docstring(ast.parse(inspect.getsource(load(PACKAGE, name)))) or ""
    assert "\nSource: " in text
    assert "\nCannot see: " in text
