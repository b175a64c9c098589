"""Templates against those of the base: same, other, or not known."""

from __future__ import annotations

import hashlib
import json

import pytest

from sanitizer.report import TemplateRecord
from sanitizer.vet.base import compared, holds_templates

TEXT = "{{ messages }}\n"


def record(text: str, name: str = "default") -> TemplateRecord:
    return TemplateRecord("chat_template.jinja", name, hashlib.sha256(text.encode()).hexdigest(), carried=True)


def said(ours: TemplateRecord, **files: object) -> str:
    content = {
        name.replace("__", "/").replace("_json", ".json").replace("_jinja", ".jinja"): value
        for name, value in files.items()
    }
    raw = {
        name: value
        if isinstance(value, bytes)
        else value.encode()
        if isinstance(value, str)
        else json.dumps(value).encode()
        for name, value in content.items()
    }
    (found,) = compared([ours], raw, raw.__getitem__)
    return found.base


def test_the_same_text_is_the_same_wherever_it_lies() -> None:
    assert said(record(TEXT), chat_template_jinja=TEXT) == "same"
    assert said(record(TEXT), tokenizer_config_json={"chat_template": TEXT}) == "same"
    assert said(record(TEXT), chat_template_json={"chat_template": TEXT}) == "same"
    named = {"chat_template": [{"name": "tool_use", "template": TEXT}]}
    assert said(record(TEXT, "tool_use"), tokenizer_config_json=named) == "same"
    assert said(record(TEXT, "tools"), additional_chat_templates__tools_jinja=TEXT) == "same"


def test_another_text_another_name_and_none_differ() -> None:
    assert said(record(TEXT), chat_template_jinja=TEXT + " ") == "differs"
    assert said(record(TEXT), additional_chat_templates__tools_jinja=TEXT) == "differs"
    assert said(record(TEXT), tokenizer_config_json={}) == "differs"
    assert said(record(TEXT)) == "differs"


@pytest.mark.parametrize("broken", [b"\xff", "{", {"chat_template": 7}])
def test_a_base_that_cannot_be_read_is_not_guessed(broken: object) -> None:
    assert said(record(TEXT), tokenizer_config_json=broken) == "unknown"


def test_no_other_file_is_asked_for() -> None:
    assert not holds_templates("config.json")
    assert not holds_templates("sub/tokenizer_config.json")
