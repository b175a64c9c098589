from __future__ import annotations

import pytest
import torch
from helpers.contexts import context_of
from helpers.subjects import pico_subject

from sanitizer.errors import UsageError
from sanitizer.model.dropout import sampled_importance
from sanitizer.strategies.bayesian import Bayesian


def test_the_score_is_a_lower_confidence_bound_of_the_passes() -> None:
    context = context_of(pico_subject("bert"), seed=7)
    scores = Bayesian(passes=4, kappa=2.0).score(context)
    again = context_of(context.subject, seed=7)
    passes = torch.tensor(
        [
            sampled_importance(again.subject, again.sample(256), gate_dropout=0, generator=again.generator)
            for _ in range(4)
        ],
        dtype=torch.float64,
    )
    spread = passes.std(dim=0)
    torch.testing.assert_close(torch.tensor(scores.spread, dtype=torch.float64), spread)
    torch.testing.assert_close(torch.tensor(scores.grid, dtype=torch.float64), passes.mean(dim=0) - 2 * spread)


@pytest.mark.parametrize(("family", "where"), [("bert", "the model's own"), ("llama", "on the gates")])
def test_the_uncertainty_is_real_and_its_source_is_said(family: str, where: str) -> None:
    scores = Bayesian(passes=3).score(context_of(pico_subject(family)))
    assert scores.spread is not None
    assert max(value for row in scores.spread for value in row) > 0
    assert scores.of.parameters["dropout"] == where


@pytest.mark.parametrize("wrong", [{"passes": 1}, {"samples": 0}, {"gate_dropout": 0.0}, {"gate_dropout": 1.0}])
def test_senseless_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Bayesian(**wrong)
