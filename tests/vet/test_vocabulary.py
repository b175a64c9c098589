"""Words, merges and added tokens that fit together, and each way in which they do not."""

from __future__ import annotations

from typing import Any

import pytest

from sanitizer.vet.vocabulary import LARGEST_ID, added, halves, merges, scored, vocabulary

WORDS = {"a": 0, "b": 1, "ab": 2}


def rules(findings: Any) -> list[str]:
    return [finding.rule for finding in findings]


@pytest.mark.parametrize(
    ("words", "found"),
    [(WORDS, 0), ({}, 0), ({"a": LARGEST_ID + 1}, 1), ({"a": -1}, 1), ({"a": True}, 1), ({"a": 0, "b": 0}, 1)],
)
def test_numbers_are_plain_and_of_one_word_each(words: dict[str, Any], found: int) -> None:
    assert rules(vocabulary(words, "f")) == ["tokenizer.vocabulary"] * found


@pytest.mark.parametrize(
    ("merge", "pair"), [("a b", ("a", "b")), (["a", "b"], ("a", "b")), ("ab", None), ([1, 2], None)]
)
def test_a_merge_is_two_words_however_it_is_written(merge: Any, pair: tuple[str, str] | None) -> None:
    assert halves(merge) == pair


@pytest.mark.parametrize(
    ("listed", "prefix", "found"),
    [(["a b"], None, 0), (["b a"], None, 1), (["a c"], None, 1), (["a ##b"], "##", 1), ([], None, 0)],
)
def test_both_halves_and_the_whole_are_words(listed: list[Any], prefix: str | None, found: int) -> None:
    model = {"merges": listed, "continuing_subword_prefix": prefix}
    assert rules(merges(model, WORDS, "f")) == ["tokenizer.merges"] * found
    assert rules(merges({"merges": ["a ##b"], "continuing_subword_prefix": "##"}, {**WORDS, "##b": 3}, "f")) == []


def test_scores_number_the_words_by_their_place() -> None:
    words: dict[str, int] = {}
    assert rules(scored([["a", -1.0], ["b", 0]], 1, words, "f")) == []
    assert words == {"a": 0, "b": 1}
    assert rules(scored([["a", float("nan")]], None, {}, "f")) == ["tokenizer.vocabulary"]
    assert rules(scored([["a", 0.0]], 1, {}, "f")) == ["tokenizer.vocabulary"]


@pytest.mark.parametrize(
    ("tokens", "found"),
    [
        ([{"id": 3, "content": "<s>"}], []),
        ([{"id": 0, "content": "a"}], []),
        ([{"id": 0, "content": "<s>"}], ["tokenizer.added-token"]),
        ([{"id": 7, "content": "a"}], ["tokenizer.added-token"]),
        ([{"id": 3, "content": "x"}, {"id": 3, "content": "y"}], ["tokenizer.vocabulary"]),
        ([{"id": 3}], ["tokenizer.part"]),
        ("<s>", ["tokenizer.part"]),
    ],
)
def test_an_added_token_takes_no_words_place(tokens: Any, found: list[str]) -> None:
    assert rules(added(tokens, WORDS, "f")) == found
