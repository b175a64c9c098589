"""The table of needs against the treatments themselves."""

from __future__ import annotations

import inspect

import pytest

from sanitizer import needs, plugins

PACKAGE = "sanitizer.treatments"
NAMES = plugins.names(PACKAGE)


@pytest.mark.parametrize("name", NAMES)
def test_what_needs_a_base_asks_for_it_and_nothing_else_does(name: str) -> None:
    code = inspect.getsource(plugins.load(PACKAGE, name))
    assert ("material.known_base" in code) == (name in needs.BASE)


@pytest.mark.parametrize("name", NAMES)
def test_what_does_not_tune_calls_no_training_loop(name: str) -> None:
    """Neither its own, nor through another treatment, nor another optimiser."""
    module = plugins.load(PACKAGE, name)
    tunes = any(hasattr(module, word) for word in ("tune", "Headtune", "backed_off", "minimize"))
    assert tunes == (name not in needs.NO_TUNING)


def test_the_names_are_treatments() -> None:
    assert set(NAMES) >= needs.BASE | needs.NO_TUNING | needs.OWN_PREDICTIONS
