"""One part at a time: what the library has, and what would do harm."""

from __future__ import annotations

from typing import Any

import pytest

from sanitizer.vet.tokenizer_forms import NORMALIZERS, PRE_TOKENIZERS, PROCESSORS, Parts
from sanitizer.vet.tokenizer_parts import DEEPEST, part


def nested(depth: int) -> Any:
    value: Any = {"type": "NFC"}
    for _ in range(depth):
        value = {"type": "Sequence", "normalizers": [value]}
    return value


@pytest.mark.parametrize(
    ("value", "parts", "rules"),
    [
        ({"type": "NFC"}, NORMALIZERS, []),
        ({"type": "NFC"}, PROCESSORS, ["tokenizer.part"]),
        ({"type": "NFC", "more": 1}, NORMALIZERS, ["tokenizer.part"]),
        ({"type": "Strip", "strip_left": None}, NORMALIZERS, []),
        ({"type": "Strip", "strip_left": "yes"}, NORMALIZERS, ["tokenizer.part"]),
        ("NFC", NORMALIZERS, ["tokenizer.part"]),
        (nested(DEEPEST), NORMALIZERS, []),
        (nested(DEEPEST + 1), NORMALIZERS, ["tokenizer.part"]),
        ({"type": "Replace", "pattern": {"String": " "}, "content": "▁"}, NORMALIZERS, []),
        ({"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, NORMALIZERS, []),
        ({"type": "Replace", "pattern": {"String": "1"}, "content": "7"}, NORMALIZERS, ["tokenizer.replace"]),
        ({"type": "TemplateProcessing", "single": True, "special_tokens": {}}, PROCESSORS, ["tokenizer.part"]),
        ({"type": "Split", "pattern": {"Regex": "(a+)+b"}}, PRE_TOKENIZERS, ["tokenizer.regex"]),
    ],
)
def test_each_doubt_has_its_rule(value: Any, parts: Parts, rules: list[str]) -> None:
    assert [finding.rule for finding in part(value, parts, "tokenizer.json", "here")] == rules
