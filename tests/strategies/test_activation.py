from __future__ import annotations

import pytest
from helpers.contexts import context_of
from helpers.subjects import pico_subject

from sanitizer.errors import UsageError
from sanitizer.heads import HeadId
from sanitizer.model.surgery import zero
from sanitizer.strategies.activation import Activation


def test_a_dormant_head_is_the_first_to_go() -> None:
    subject = pico_subject("gpt2")
    zero(subject.anatomy, [HeadId(1, 3)])
    assert Activation().score(context_of(subject)).ranking()[0] == HeadId(1, 3)


def test_senseless_settings_are_refused() -> None:
    with pytest.raises(UsageError):
        Activation(samples=0)
