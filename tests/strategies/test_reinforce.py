from __future__ import annotations

import pytest
from helpers.contexts import context_of
from helpers.planted import planted_context

from sanitizer.errors import UsageError
from sanitizer.model.activity import attention_variance
from sanitizer.strategies.reinforce import Reinforce


def test_the_policy_learns_to_keep_the_head_that_alone_carries_the_task() -> None:
    context, carrier = planted_context()
    scores = Reinforce(steps=80, samples=16).score(context)
    assert scores.ranking()[-1] == carrier
    assert scores[carrier] > 0.8
    assert all(0 <= value <= 1 for row in scores.grid for value in row)


def test_without_exploring_epsilon_greedy_is_the_variance_score() -> None:
    context = context_of()
    greedy = Reinforce(policy="epsilon-greedy", epsilon=0.0, samples=1024).score(context).grid
    assert greedy == attention_variance(context.subject, context.fit)


def test_epsilon_is_the_share_of_heads_explored() -> None:
    greedy = [Reinforce(policy="epsilon-greedy", epsilon=e).score(context_of(seed=1)).grid for e in (0.0, 0.5, 1.0)]
    changed = [
        sum(a != b for x, y in zip(greedy[0], grid, strict=True) for a, b in zip(x, y, strict=True)) for grid in greedy
    ]
    assert changed[0] == 0
    assert 2 <= changed[1] <= 10
    assert changed[2] == 12


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"samples": 0}, {"learning_rate": 0.0}, {"epsilon": 2.0}])
def test_senseless_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Reinforce(**wrong)
