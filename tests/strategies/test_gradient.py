from __future__ import annotations

import pytest
from helpers.contexts import context_of, digest
from helpers.pico import CONFIGS
from helpers.subjects import pico_subject

from sanitizer.errors import UsageError
from sanitizer.heads import HeadId
from sanitizer.model.surgery import zero
from sanitizer.plugins import build
from sanitizer.strategies.gradient import Gradient


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_key_gradients_exist_for_every_family_and_leave_the_weights_alone(family: str) -> None:
    subject = pico_subject(family)
    before = digest(subject)
    scores = build("sanitizer.strategies", "gradient", {"of": "key"}).score(context_of(subject))
    assert all(value > 0 for row in scores.grid for value in row)
    assert digest(subject) == before


def test_a_head_that_does_nothing_is_the_first_to_go() -> None:
    subject = pico_subject("bert")
    idle = HeadId(1, 2)
    zero(subject.anatomy, [idle])
    assert Gradient().score(context_of(subject)).ranking()[0] == idle


def test_settings_are_recorded_and_senseless_ones_refused() -> None:
    scores = build("sanitizer.strategies", "gradient", {"samples": "8"}).score(context_of(pico_subject()))
    assert (scores.of.strategy, scores.of.parameters) == ("gradient", {"of": "gate", "samples": 8})
    for wrong in ({"samples": "0"}, {"samples": "many"}, {"of": "value"}, {"sample": 3}):
        with pytest.raises(UsageError):
            build("sanitizer.strategies", "gradient", wrong)
