"""A head that alone carries a trigger is found by every strategy whose score can see it, without the trigger."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
from helpers.triggered import CARRIER, Planted, plant

from sanitizer.model.judge import Judge
from sanitizer.plan import Budget, TreatmentPlan, choose
from sanitizer.plugins import build, names

SETTINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("gradient", {}),
    ("gradient", {"of": "key"}),
    ("variance", {}),
    ("sparsity", {"steps": 3}),
    ("ensemble", {"masks": 96}),
    ("reinforce", {"cost": 0.3}),
    ("reinforce", {"policy": "epsilon-greedy", "epsilon": 0.0}),
    ("bayesian", {}),
    ("pure", {}),
    ("activation", {}),
)
BLIND = {"random", "forensics"}
"""Chance, and what looks for heads that stand out of the others, as this one was not made to."""


@cache
def planted() -> Planted:
    return plant()


def plan(name: str, settings: dict[str, Any], *, seed: int = 0) -> TreatmentPlan:
    suspect = planted()
    scores = build("sanitizer.strategies", name, settings).score(suspect.context(seed=seed))
    judge = Judge(suspect.subject, suspect.clean, size=32, generator=torch.Generator().manual_seed(seed))
    return choose(scores, Budget(0.1, step=4), judge)


def test_the_plant_is_what_it_says() -> None:
    suspect = planted()
    assert suspect.success() > 0.95
    assert suspect.success(without=(CARRIER,)) < 0.3
    others = tuple(head for head in suspect.subject.anatomy.heads() if head != CARRIER)[:3]
    assert suspect.success(without=others) > 0.8
    judge = Judge(suspect.subject, suspect.clean, size=32, generator=torch.Generator().manual_seed(0))
    assert judge.exact() == judge.exact((CARRIER,)) == 1.0  # clean text does not need it


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_the_carrier_is_found(name: str, settings: dict[str, Any]) -> None:
    chosen = plan(name, settings).remove
    assert CARRIER in chosen
    assert planted().success(without=chosen) < 0.5


def test_chance_does_not_find_it_reliably() -> None:
    assert not all(CARRIER in plan("random", {}, seed=seed).remove for seed in range(6))


def test_every_strategy_is_here() -> None:
    assert {name for name, _ in SETTINGS} | BLIND == set(names("sanitizer.strategies"))
