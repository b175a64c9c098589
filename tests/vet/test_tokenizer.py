"""Tokenizer files: settings are written anew, vocabularies carried byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import make, rules, vetted, write_json
from helpers.hostile import model, piece

from sanitizer.vet import text, tokenizer, tokenizer_json
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import refusal
from sanitizer.vet.rebuild import rebuild

SETTINGS = {
    "added_tokens_decoder": {"100": {"content": "[UNK]", "special": True}, "2": {"content": "größe"}},
    "model_max_length": int(1e30),
    "tokenizer_class": "BertTokenizer",
}


def test_settings_are_written_anew_in_their_order(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    write_json(
        folder / "tokenizer_config.json", {"name_or_path": "/home/x", **SETTINGS, "vocab_file": "/home/x/vocab.txt"}
    )
    assert vetted(folder).findings == ()
    tokenizer.write_settings(open_local(folder), "tokenizer_config.json", tmp_path / "out")
    document = json.loads((tmp_path / "out").read_bytes())
    assert document == SETTINGS
    assert list(document["added_tokens_decoder"]) == ["100", "2"]


@pytest.mark.parametrize("name", ["tokenizer_config.json", "special_tokens_map.json", "chat_template.json"])
def test_hooks_in_settings_are_refused(name: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    write_json(folder / name, {"auto_map": {"AutoTokenizer": ["evil.T", None]}})
    record = vetted(folder)
    assert rules(record) == {"config.auto-map"}
    assert refusal(record) is not None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("vocab.txt", "[PAD]\n##größe\n\u200e\n".encode()),
        ("merges.txt", b"#version: 0.2\na b\n"),
        ("vocab.json", '{"Ġa": 0, "b": 1}'.encode()),
        ("added_tokens.json", b'{"<file>": 2, "x_file": 3, "auto_map": 4}'),
        ("spiece.model", model(piece("<unk>", 0.0, 2))),
        ("chat_template.jinja", b"{% for m in messages %}{{ m.content }}{% endfor %}"),
    ],
)
def test_kept_byte_for_byte(name: str, content: bytes, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / name).write_bytes(content)
    rebuilt = rebuild(open_local(folder), vetted(folder), tmp_path / "out")
    assert rebuilt.read(name) == content


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("vocab.txt", b"\xff\xfe"),
        ("merges.txt", b"a\0b"),
        ("spiece.model", b"\x80\x04\x95"),
        ("tokenizer.model", b"\x7fELF"),
        ("chat_template.jinja", b"\x1f\x8b\x08"),
    ],
)
def test_pretenders_are_refused(name: str, content: bytes, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / name).write_bytes(content)
    record = vetted(folder)
    assert rules(record) == {"files.pretender"}
    assert refusal(record) is not None


@pytest.mark.parametrize("name", ["tokenizer.json", "vocab.json", "vocab.txt"])
def test_giants_are_not_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path / "m")
    (folder / name).write_bytes(b'{"model": {}}')
    for module in (text, tokenizer, tokenizer_json):
        monkeypatch.setattr(module, "CAP", 12)
    assert "json.too-large" in rules(vetted(folder))


@pytest.mark.parametrize("value", [{"a": -1}, {"a": True}, {"a": 1.5}, {"a": [1]}, {"a": 1, "b": 1}])
def test_vocabularies_map_words_to_numbers_of_their_own(value: Any, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    write_json(folder / "vocab.json", value)
    assert rules(vetted(folder)) == {"tokenizer.vocabulary"}


@pytest.mark.parametrize("lines", ["a b c\n", "#version: 0.2\nab\n", "a b\n\nab\n"])
def test_merges_are_pairs(lines: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "merges.txt").write_text(lines)
    assert rules(vetted(folder)) == {"tokenizer.merges"}


def test_a_vocabulary_of_one_endless_word_is_refused(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "vocab.txt").write_text("a" * 10_000)
    assert rules(vetted(folder)) == {"tokenizer.vocabulary"}


WRITTEN = {
    # As transformers 2 to 5 write them.
    "additional_special_tokens": ["<a>", {"content": "<b>", "lstrip": False, "__type": "AddedToken"}],
    "bos_token": {"__type": "AddedToken", "content": "<s>", "lstrip": False, "normalized": True, "single_word": False},
    "clean_up_tokenization_spaces": False,
    "do_lower_case": 1,
    "errors": "replace",
    "extra_special_tokens": {"image_token": "<img>"},
    "legacy": None,
    "max_len": 512,
    "model_input_names": ["input_ids", "attention_mask"],
    "never_split": ["[MASK]"],
    "padding_side": "left",
    "sp_model_kwargs": {"enable_sampling": True, "nbest_size": -1, "alpha": 0.1},
    "strip_accents": None,
    "unk_token": "\ufffd\n",
}


def test_settings_of_older_libraries_are_carried(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    write_json(folder / "tokenizer_config.json", WRITTEN)
    assert vetted(folder).findings == ()
    tokenizer.write_settings(open_local(folder), "tokenizer_config.json", tmp_path / "out")
    assert json.loads((tmp_path / "out").read_bytes()) == WRITTEN


@pytest.mark.parametrize(
    "value",
    [
        {"sp_model_kwargs": {"model_proto": "/etc/passwd"}},
        {"bos_token": {"content": "<s>", "code": "x"}},
        {"bos_token": 7},
        {"added_tokens_decoder": {"one": {"content": "x"}}},
        {"added_tokens_decoder": {"1": {"content": "x", "lstrip": "x"}}},
        {"model_input_names": "input_ids"},
        {"model_max_length": "many"},
    ],
)
def test_settings_of_another_kind_are_refused(value: dict[str, Any], tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    write_json(folder / "tokenizer_config.json", value)
    assert rules(vetted(folder)) == {"config.value"}


@pytest.mark.parametrize("name", ["tokenizer_config.json", "special_tokens_map.json", "chat_template.json"])
def test_unknown_settings_are_left_out(name: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    write_json(folder / name, {"my_setting": 3})
    assert rules(vetted(folder)) == {"config.unknown-setting"}
    tokenizer.write_settings(open_local(folder), name, tmp_path / "out")
    assert json.loads((tmp_path / "out").read_bytes()) == {}


@pytest.mark.parametrize("key", ["__init__", "auto_map\u200b"])
def test_keys_that_are_no_settings_are_refused(key: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    write_json(folder / "tokenizer_config.json", {key: "x"})
    assert "config.key" in rules(vetted(folder))
