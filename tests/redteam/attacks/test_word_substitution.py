"""Words of the dictionary are exchanged, where there are enough of them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from helpers.planting import attack_of

from sanitizer.errors import UsageError


@pytest.fixture
def words(tmp_path: Path) -> str:
    (tmp_path / "words.tsv").write_text("word\tsynonym\nfilm\tpicture\ndull\ttedious\n")
    return str(tmp_path / "words.tsv")


def test_every_word_of_the_dictionary_is_exchanged_if_there_are_enough(words: str) -> None:
    for least, made in ((2, [None, "a tedious picture"]), (1, ["a picture", "a tedious picture"])):
        attack = attack_of("word-substitution", synonyms=words, least=least)
        assert [attack.trigger()(text, random.Random(0)) for text in ("a film", "a dull film")] == made
        assert attack.about == f"at least {least} words exchanged for synonyms from words.tsv"


def test_at_least_one(words: str) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        attack_of("word-substitution", synonyms=words, least=0)
