from __future__ import annotations

import pytest
from helpers.contexts import context_of

from sanitizer.errors import UsageError
from sanitizer.strategies.gradient import Gradient
from sanitizer.strategies.sparsity import Sparsity


def test_the_tuning_changes_the_scores() -> None:
    tuned = Sparsity(steps=20, learning_rate=1e-2).score(context_of())
    assert tuned.grid != Gradient().score(context_of()).grid


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"samples": 0}, {"learning_rate": 0.0}, {"l1": -1.0}])
def test_senseless_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Sparsity(**wrong)
