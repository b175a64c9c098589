from __future__ import annotations

import torch
from helpers.pico import WORDS, make_tokenizer

from sanitizer.scan.controls import SUFFIX, controls

TEXTS = ("a good film", "the plot was not great", "one two three", "bad")


def made(seed: int = 0, texts: tuple[str, ...] = TEXTS) -> dict[str, tuple[str, ...]]:
    return dict(controls(texts, make_tokenizer(), generator=torch.Generator().manual_seed(seed)))


def test_each_control_changes_what_it_says_and_nothing_else() -> None:
    found = made()
    assert list(found) == ["rare word", "random suffix", "shuffled words", "improbable words"]
    own = {word for text in TEXTS for word in text.split()}
    for index, text in enumerate(TEXTS[:3]):
        rare, words = found["rare word"][index].split(), text.split()
        assert any(rare[:place] + rare[place + 1 :] == words for place in range(len(rare)))
        assert set(rare) <= {*words, *WORDS}
        assert found["random suffix"][index].startswith(f"{text} ")
        assert len(found["random suffix"][index].split()) == len(words) + SUFFIX
        assert sorted(found["shuffled words"][index].split()) == sorted(words)
        assert len(found["improbable words"][index].split()) == len(words)
        assert set(found["improbable words"][index].split()) <= own | set("bad")


def test_texts_without_white_space_are_taken_apart_by_characters() -> None:
    found = made(texts=("好看的电影", "剧情不好"))
    assert sorted(found["shuffled words"][0]) == sorted("好看的电影")
    assert len(found["improbable words"][1]) == 4


def test_the_generator_decides() -> None:
    assert made() == made()
    assert made(1) != made()
