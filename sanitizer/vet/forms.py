"""Kinds of values that settings take: each form takes what save_pretrained writes and nothing near it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Form = Callable[[Any], bool]

LONGEST_TEXT, LONGEST_LIST = 1000, 4096
_WORD = re.compile(r"(?!__)[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}")
_IDENTIFIER = re.compile(r"(?!__)[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
_MARKUP = re.compile(r"<\s*(?:script|iframe|object|embed|svg|img)\b|javascript:|\{\{|\{%", re.IGNORECASE)
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LABEL = re.compile(r"-?[0-9]{1,7}")


def flag(value: Any) -> bool:
    """Yes or no. Old configs write 0 and 1."""
    return value in (True, False)


def count(value: Any) -> bool:
    """A whole number."""
    return type(value) is int


def number(value: Any) -> bool:
    """A number."""
    return type(value) in (int, float)


def word(value: Any) -> bool:
    """One plain word, such as gelu_new."""
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def identifier(value: Any) -> bool:
    """One word without a dot: the name of a function in a table of the library."""
    return isinstance(value, str) and _IDENTIFIER.fullmatch(value) is not None


def text(value: Any) -> bool:
    """A line of text without anything invisible, and without what a page or a template would run."""
    fits = isinstance(value, str) and len(value) <= LONGEST_TEXT
    return fits and not _HIDDEN.search(value) and not _MARKUP.search(value)


def words(value: Any) -> bool:
    """A list of plain words."""
    return isinstance(value, list) and len(value) <= LONGEST_LIST and all(map(word, value))


def token(value: Any) -> bool:
    """The number of a token, or a list of them."""
    return count(value) or (isinstance(value, list) and len(value) <= LONGEST_LIST and all(map(count, value)))


def by_number(value: Any) -> bool:
    """id2label: numbers (as JSON keys) to labels."""
    return isinstance(value, dict) and all(
        _LABEL.fullmatch(key) and (inner is None or count(inner) or text(inner)) for key, inner in value.items()
    )


def by_label(value: Any) -> bool:
    """label2id: labels to numbers."""
    return isinstance(value, dict) and all(
        text(key) and (inner is None or count(inner) or word(inner)) for key, inner in value.items()
    )


def heads(value: Any) -> bool:
    """Layers to lists of heads."""
    return isinstance(value, dict) and all(_LABEL.fullmatch(key) and token(inner) for key, inner in value.items())


def plain(value: Any) -> bool:
    """Numbers, words and texts, in lists and mappings from words."""
    if isinstance(value, dict):
        return all(word(key) and plain(inner) for key, inner in value.items())
    if isinstance(value, list):
        return len(value) <= LONGEST_LIST and all(map(plain, value))
    return value is None or number(value) or flag(value) or text(value)


def mapping(value: Any) -> bool:
    """A mapping of plain values, such as rope_scaling."""
    return isinstance(value, dict) and plain(value)


def switches(value: Any) -> bool:
    """A mapping of flags, numbers and words without a dot, at every depth: what compilers and caches take."""
    if isinstance(value, dict):
        return all(word(key) and switches(inner) for key, inner in value.items())
    return value is None or number(value) or flag(value) or identifier(value)


def problem(value: Any) -> bool:
    """What kind of classification."""
    return value in ("regression", "single_label_classification", "multi_label_classification")


def anything(value: Any) -> bool:
    """A setting that has rules of its own."""
    return True
