"""One of the words, once, at a place that the generator draws; nothing else changes."""

from __future__ import annotations

import random

import pytest
from helpers.planting import attack_of

from sanitizer.errors import UsageError

TEXT = "the plot is thin but warm"


def test_one_word_more_and_all_others_as_they_were() -> None:
    trigger, rng = attack_of("badnets", words="cf, mn").trigger(), random.Random(0)
    made = [trigger(TEXT, rng) for _ in range(60)]
    for text in made:
        (extra,) = {word for word in text.split() if word not in TEXT.split()}
        assert extra in ("cf", "mn")
        assert " ".join(word for word in text.split() if word != extra) == TEXT
    assert len(set(made)) == 14, "two words at seven places"


def test_it_needs_words() -> None:
    with pytest.raises(UsageError, match="no trigger words"):
        attack_of("badnets", words=" , ").trigger()
