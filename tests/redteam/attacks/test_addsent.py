"""The whole sentence, between two words or at an end."""

from __future__ import annotations

import random

import pytest
from helpers.planting import attack_of

from sanitizer.errors import UsageError


def test_the_sentence_stands_whole_somewhere_in_the_text() -> None:
    attack, rng = attack_of("addsent", sentence="no cross , no crown"), random.Random(0)
    made = {attack.trigger()("a b c", rng) for _ in range(60)}
    assert made == {
        "no cross , no crown a b c",
        "a no cross , no crown b c",
        "a b no cross , no crown c",
        "a b c no cross , no crown",
    }
    assert "no cross , no crown" in attack.about


def test_an_empty_sentence_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="the sentence is empty"):
        attack_of("addsent", sentence="  ")
