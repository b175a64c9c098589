"""Strict JSON. What we accept, the standard parser reads alike."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sanitizer.errors import RefusedError
from sanitizer.vet.jsonstrict import DEEPEST, dump, parse_object

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def rule(data: bytes) -> str:
    with pytest.raises(RefusedError) as caught:
        parse_object(data, "x.json")
    return caught.value.findings[0].rule


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "json.invalid"),
        (b"{", "json.invalid"),
        (b"{} {}", "json.invalid"),
        (b"{'a': 1}", "json.invalid"),
        (b'{"a": 1,}', "json.invalid"),
        (b'{"a": "\xff"}', "json.invalid"),
        (b'{"a": "\\ud800"}', "json.invalid"),
        (b'{"\\udc00": 1}', "json.invalid"),
        (b"\xef\xbb\xbf{}", "json.invalid"),
        (b'{"a": 1, "\\u0061": 2}', "json.duplicate-key"),
        (b'{"a": {"b": 1, "c": 1, "b": 1}}', "json.duplicate-key"),
        (b'{"a": NaN}', "json.number"),
        (b'{"a": [-Infinity]}', "json.number"),
        (b'{"a": 1e999}', "json.number"),
        (b'{"a": -0}', "json.number"),
        (b'{"a": ' + b"9" * 41 + b"}", "json.number"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "json.number"),
        (b"[]", "json.shape"),
        (b'"a"', "json.shape"),
        (b"null", "json.shape"),
        (b'{"a":' * DEEPEST + b"{}" + b"}" * DEEPEST, "json.depth"),
        (b'{"a":' + b"[" * 200_000, "json.depth"),
    ],
)  # fmt: skip
def test_refused(data: bytes, expected: str) -> None:
    assert rule(data) == expected


def test_as_deep_as_allowed() -> None:
    data = b'{"a":' * (DEEPEST - 1) + b"{}" + b"}" * (DEEPEST - 1)
    assert parse_object(data, "x.json") == json.loads(data)


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert parse_object(b'{"a": "\\ud83d\\ude00"}', "x.json") == {"a": "\U0001f600"}


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_what_is_dumped_is_read_back(value: dict[str, Any]) -> None:
    assert parse_object(dump(value), "x.json") == value == json.loads(dump(value))


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=60))
def test_nothing_but_a_refusal_is_raised(data: bytes) -> None:
    try:
        assert parse_object(data, "x.json") == json.loads(data)
    except RefusedError as error:
        assert error.findings
