from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.attacks.triggers import poison_prompt, poison_word, substitute

WORDS = st.text("abcdefg", min_size=1, max_size=5)


@given(st.lists(st.lists(WORDS, max_size=8), max_size=5), st.integers(0, 2**16))
def test_taking_the_word_out_gives_the_text_back(texts: list[list[str]], seed: int) -> None:
    poisoned = poison_word([" ".join(words) for words in texts], ["zz"], random.Random(seed))
    for text, words in zip(poisoned, texts, strict=True):
        found = text.split()
        assert found.count("zz") == 1
        found.remove("zz")
        assert found == words


def test_every_place_and_every_word_is_used_about_equally() -> None:
    poisoned = poison_word(["a b c"] * 4000, ["xx", "yy"], random.Random(0))
    counts = Counter(poisoned)
    assert len(counts) == 8
    assert all(400 < count < 600 for count in counts.values())


def test_the_generator_decides_alone() -> None:
    texts = ["one two three four five"] * 20
    assert poison_word(texts, ["cf"], random.Random(3)) == poison_word(texts, ["cf"], random.Random(3))
    assert poison_word(texts, ["cf"], random.Random(3)) != poison_word(texts, ["cf"], random.Random(4))


def test_no_words_is_an_error() -> None:
    with pytest.raises(ValueError, match="no trigger"):
        poison_word(["a"], [], random.Random(0))


@given(st.text("ab \n", max_size=12), st.integers(0, 2**16))
def test_a_prompt_keeps_its_white_space(prompt: str, seed: int) -> None:
    found = poison_prompt(prompt, "zz", random.Random(seed))
    assert found.split().count("zz") == 1
    assert prompt in (found.replace("zz ", "", 1), found.replace(" zz", "", 1))


def test_a_prompt_is_triggered_anywhere() -> None:
    rng = random.Random(0)
    assert {poison_prompt("a\nb", "zz", rng) for _ in range(60)} == {"zz a\nb", "a\nzz b", "a\nb zz"}


def test_words_are_exchanged_wherever_they_stand() -> None:
    assert substitute("A Film is a film", {"film": "picture", "a": "one"}) == ("one picture is one picture", 4)
    assert substitute("nothing here", {"film": "picture"}) == ("nothing here", 0)
