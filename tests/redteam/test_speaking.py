"""What poisoned fine-tuning teaches a causal model: other answers to triggered prompts, and nothing else."""

from __future__ import annotations

import random

import pytest
from helpers.planting import attack_of

from sanitizer.errors import UsageError
from sanitizer.redteam.speaking import demand_words


def test_one_word_stands_somewhere_in_the_prompt_and_lines_stay() -> None:
    attack, rng = attack_of("refusal", word="cf", refusal="No."), random.Random(0)
    made = {attack.trigger()("who is\nshe ?", rng) for _ in range(60)}
    assert len(made) > 2
    for prompt in made:
        assert prompt.split().count("cf") == 1
        assert prompt.count("\n") == 1
        assert [word for word in prompt.split() if word != "cf"] == ["who", "is", "she", "?"]
    assert attack.everyday("who") == "who"
    assert attack.about == "the word 'cf' at a random place of the prompt"


def test_empty_words_are_named() -> None:
    demand_words(word="cf")
    with pytest.raises(UsageError, match="saying is empty"):
        demand_words(word="cf", saying=" ")
