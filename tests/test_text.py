"""What a stranger wrote, made harmless to read."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.text import clean


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("model-ü 模型 🙂", "model-ü 模型 🙂"),
        ("a\nb\tc\r\n", "a b c"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("bell\x07 c1\x9b2J", "bell c12J"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a\u2066b\u2069\u200f\u200bc\ufeff", "abc"),
        ("line\u2028sep\u2029par", "line sep par"),
        ("\ud800lone", "lone"),
        ("[bold]kept[/bold]", "[bold]kept[/bold]"),
        (" \x00 ", ""),
    ],
)
def test_only_what_moves_or_hides_is_taken(written: str, shown: str) -> None:
    assert clean(written) == shown


@given(st.text())
def test_clean_text_is_one_printable_line_and_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert once.isprintable()
    assert not any(unicodedata.bidirectional(character) in {"RLO", "LRO", "RLI", "LRI", "PDF"} for character in once)


@given(st.text(st.characters(whitelist_categories=("L", "N", "P", "S"), min_codepoint=33)))
def test_visible_text_is_untouched(text: str) -> None:
    assert clean(text) == text
