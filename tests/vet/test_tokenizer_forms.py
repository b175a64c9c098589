"""Kinds of values that only tokenizers have: what the library writes, and nothing near it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sanitizer.vet.tokenizer_forms import LONGEST_WORD, content, pattern, piece

CLS = {"id": "[CLS]", "type_id": 0}


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        (content, ["", " ", "\u200b", "a" * LONGEST_WORD], ["a" * (LONGEST_WORD + 1), 1, None]),
        (pattern, [{"String": "a"}, {"Regex": "a+"}], ["a", {}, {"Regex": 1}, {"String": "a", "Regex": "a"}]),
        (
            piece,
            [{"SpecialToken": CLS}, {"Sequence": {"id": "A", "type_id": 0}}],
            [{"Sequence": {"id": "C", "type_id": 0}}, {"SpecialToken": {**CLS, "more": 1}}, {"SpecialToken": "x"}, []],
        ),
    ],
)
def test_forms(form: Callable[[Any], bool], good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not form(value)] == []
    assert [value for value in bad if form(value)] == []
