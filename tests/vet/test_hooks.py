"""Hooks are found at any depth and in any spelling, and never reach the rebuilt document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sanitizer.vet.hooks import screen

HOOKS: list[tuple[dict[str, Any], str]] = [
    ({"auto_map": {"AutoConfig": "configuration_x.X"}}, "config.auto-map"),
    ({"Auto-Map": "x"}, "config.auto-map"),
    ({" auto_map ": "x"}, "config.auto-map"),
    ({"custom_pipelines": {"p": 1}}, "config.custom-code"),
    ({"custom_generate": "org/repo"}, "config.custom-code"),
    ({"trust_remote_code": True}, "config.trust-remote-code"),
    ({"trust_remote_code": "false"}, "config.trust-remote-code"),
    ({"trust_remote_code": 0}, "config.trust-remote-code"),
    ({"TRUST_REMOTE_CODE": [0]}, "config.trust-remote-code"),
    ({"attn_implementation": "kernels-community/flash-attn"}, "config.implementation"),
    ({"_attn_implementation_internal": "evil/kernel@main:f"}, "config.implementation"),
    ({"_attn_implementation": {"": "eager", "text": "evil/kernel"}}, "config.implementation"),
    ({"_experts_implementation": ["eager"]}, "config.implementation"),
    ({"cache_implementation": "evil/cache"}, "config.implementation"),
    ({"base_model_name_or_path": "org/other"}, "config.base-model"),
    ({"tokenizer_class": "org/repo--tok.Tok"}, "config.class-path"),
    ({"processor_class": ["A", "B"]}, "config.class-path"),
    ({"dtype": "_C"}, "config.dtype"),
    ({"torch_dtype": {"text": "load"}}, "config.dtype"),
    ({"configuration_files": ["config.4.0.0.json"]}, "config.other-file"),
    ({"fast_tokenizer_files": ["tokenizer.4.0.0.json"]}, "config.other-file"),
    ({"vocab_file": "/etc/passwd"}, "config.other-file"),
    ({"tokenizer_file": "../../x/tokenizer.json"}, "config.other-file"),
    ({"merges_file": "https://evil.example/merges.txt"}, "config.other-file"),
    ({"spm_file": "\\\\evil\\share"}, "config.other-file"),
    ({"special_tokens_map_file": "/root/.ssh/id_rsa"}, "config.other-file"),
]
HARMLESS: dict[str, Any] = {
    "auto_mapping": 1,
    "cache_implementation": "hybrid",
    "tokenizer_class": "BertTokenizerFast",
    "torch_dtype": "bfloat16",
    "dtype": {"": "float32"},
    "vocabulary": {"dtype": 5},
    "label2id": {"log_file": 0, "implementation": 1, "tokenizer_class": 2, "_name_or_path": 3},
    "_attn_implementation_autoset": True,
    "added_tokens_decoder": {"0": {"content": "auto_map"}},
}


@pytest.mark.parametrize(("hook", "rule"), HOOKS, ids=lambda value: value if isinstance(value, str) else None)
@pytest.mark.parametrize("wrap", [lambda h: h, lambda h: {"text_config": h}, lambda h: {"a": [[{"b": h}]]}])
def test_hook_is_found_and_removed(hook: dict[str, Any], rule: str, wrap: Any) -> None:
    kept, findings = screen(wrap({**hook, "hidden_size": 4}), "config.json")
    assert [finding.rule for finding in findings] == [rule]
    assert kept == wrap({"hidden_size": 4})
    assert next(iter(hook)).strip() in findings[0].message


def test_harmless_is_carried() -> None:
    assert screen(HARMLESS, "config.json") == (HARMLESS, ())


def test_paths_versions_and_plain_implementations_are_left_out_in_silence() -> None:
    document = {
        "_name_or_path": "/home/x",
        "transformers_version": "4",
        "_commit_hash": "0" * 40,
        "special_tokens_map_file": "/home/x/special_tokens_map.json",
        "tokenizer_file": "C:\\Users\\x/.cache\\huggingface\\transformers\\9b75.7f27",
        "vocab_file": "vocab.txt",
        "fast_tokenizer_files": [],
        "_attn_implementation": "paged|sdpa",
        "auto_map": None,
        "base_model_name_or_path": "",
    }
    assert screen(document, "config.json") == ({}, ())


KEYS = st.sampled_from([key for hook, _ in HOOKS for key in hook] + ["a", "b", "x_file", "_name_or_path"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.sampled_from(["eager", "org/repo", "float16", "load"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, DOCUMENTS, max_size=4))
def test_screening_twice_changes_nothing(document: dict[str, Any]) -> None:
    before = json.dumps(document)
    kept, _ = screen(document, "config.json")
    assert screen(kept, "config.json") == (kept, ())
    assert json.dumps(document) == before
