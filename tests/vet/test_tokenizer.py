"""Tokenizer files: settings are written anew, vocabularies carried byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import make, rules, vetted, write_json

from sanitizer.vet import tokenizer
from sanitizer.vet.gate import rebuild, refusal
from sanitizer.vet.inventory import open_local

SETTINGS = {
    "added_tokens_decoder": {"100": {"content": "[UNK]", "special": True}, "2": {"content": "größe"}},
    "model_max_length": int(1e30),
    "tokenizer_class": "BertTokenizer",
}


def test_settings_are_written_anew_in_their_order(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    write_json(folder / "tokenizer_config.json", {"name_or_path": "/home/x", **SETTINGS, "vocab_file": "/etc/passwd"})
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
        ("spiece.model", b"\n\x0e\n\x05<unk>\x15\x00\x00\x00\x00\x18\x02"),
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
    monkeypatch.setattr(tokenizer, "VOCABULARY_CAP", 12)
    assert "json.too-large" in rules(vetted(folder))


@pytest.mark.parametrize("value", [{"a": -1}, {"a": True}, {"a": 1.5}, {"a": [1]}])
def test_vocabularies_map_words_to_numbers(value: Any, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    write_json(folder / "vocab.json", value)
    assert rules(vetted(folder)) == {"json.shape"}


def test_a_tokenizer_has_a_model(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    write_json(folder / "tokenizer.json", {"model": "BPE"})
    assert rules(vetted(folder)) == {"json.shape"}


@pytest.mark.parametrize("name", ["tokenizer_config.json", "chat_template.json"])
def test_a_template_in_settings_is_named(name: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    write_json(folder / name, {"chat_template": "{{ messages }}"})
    record = vetted(folder)
    assert rules(record) == {"template.unexamined"}
    assert refusal(record) is None
