"""Kinds of values that settings take: each form takes what save_pretrained writes and nothing near it."""

from __future__ import annotations

from typing import Any

import pytest

from sanitizer.vet import forms

CASES: dict[str, tuple[list[Any], list[Any]]] = {
    "flag": ([True, False, 0, 1], ["true", 2, None, []]),
    "count": ([0, -1, 10**9], [1.0, True, "1", None]),
    "number": ([0, 1.5], [True, "1", None]),
    "word": (["gelu_new", "bert", "torch.float16", "a+b-c"], ["", "a b", "../a", "__class__", "a" * 65, 1, None]),
    "identifier": (["gelu_new", "relu2"], ["os.system", "__x", "a b", "", 1]),
    "text": (["5 stars ⭐", "a < b", ""], ["a\u202eb", "\x1b[31m", "<script>", "{{ x }}", "a" * 1001, 1]),
    "words": ([["a", "b"], []], ["a", ["a b"], [1], ["a"] * 4097]),
    "token": ([1, [1, 2], []], ["1", [1.0], [True], None]),
    "by_number": ([{"0": "a", "1": None}], [{"a": "b"}, ["a"], {"0": {"x": 1}}, {"__class__": "a"}]),
    "by_label": ([{"a": 0}], [{"a": [0]}, {"a\u202e": 0}, 1]),
    "heads": ([{"0": [1, 2]}, {}], [{"0": ["1"]}, {"a": [1]}, []]),
    "mapping": ([{"a": [1, None, {"b": "c"}]}], [{"a b": 1}, {"__class__": 1}, [1], {"a": "\x00"}]),
    "switches": ([{"backend": "inductor", "deep": {"n": 1}}], [{"backend": "a.b"}, {"b": "a:b"}, {"b": ["x"]}]),
    "problem": (["regression"], ["other", None]),
}


@pytest.mark.parametrize("name", CASES)
def test_forms(name: str) -> None:
    good, bad = CASES[name]
    form = getattr(forms, name)
    assert [value for value in good if not form(value)] == []
    assert [value for value in bad if form(value)] == []
