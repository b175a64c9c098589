"""Names: what a model needs, exactly, and what a name may not be."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.checkpoints import make

from sanitizer.checkpoint import LocalOrigin, digest_file
from sanitizer.errors import UsageError
from sanitizer.vet.inventory import (
    COLLISION,
    HIDDEN_NAME,
    LOOKALIKE,
    TRAVERSAL,
    bad_name,
    collisions,
    kind,
    needed,
    open_local,
    rebuilt_name,
    wanted,
    weight_files,
)
from sanitizer.vet.rules import Rule

NEEDED = [
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "model-00001-of-00002.safetensors",
    "model.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
    "spiece.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
    "LICENSE",
    "LICENSE.txt",
    "LICENCE.md",
    "LICENSE-APACHE",
    "NOTICE",
    "NOTICE.txt",
    "README.md",
]

NOT_NEEDED = [
    "pytorch_model.bin",
    "Config.json",
    "config.json.bak",
    "sub/config.json",
    "./config.json",
    "../config.json",
    "model.safetensors.py",
    "model-1-of-2.safetensors",
    "model.fp16.safetensors",
    "adapter_model.safetensors",
    "modeling_bert.py",
    "LICENSE.py",
    "LICENSEE",
    "NOTICES",
    "LICENSE.txt.exe",
    "handler.py",
    "tf_model.h5",
    "flax_model.msgpack",
    "training_args.bin",
    ".gitattributes",
    "README.md/x",
    "readme.md",
]


@pytest.mark.parametrize("name", NEEDED)
def test_needed(name: str) -> None:
    assert wanted(name)
    assert kind(name) is not None


@pytest.mark.parametrize(
    "name", [*NOT_NEEDED, "", "config.json\n", "config.json\0", "model-0000१-of-00002.safetensors"]
)
def test_not_needed(name: str) -> None:
    assert not wanted(name)


PICKLES = ["pytorch_model.bin", "pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json"]
REBUILT = ["model.safetensors", "model-00001-of-00002.safetensors", "model.safetensors.index.json"]


def test_pickled_weights_are_needed_where_there_are_no_safetensors() -> None:
    others = ["config.json", "train.py", "adapter_model.bin", "pytorch_model.bin.exe", "sub/pytorch_model.bin"]
    assert needed([*PICKLES, *others]) == {*PICKLES, "config.json"}
    assert weight_files([*reversed(PICKLES), *others]) == tuple(sorted(PICKLES[:2]))
    for weights in REBUILT:
        assert needed([*PICKLES, *others, weights]) == {"config.json", weights}
    assert weight_files([*PICKLES, *reversed(REBUILT)]) == tuple(sorted(REBUILT[:2]))
    assert needed([]) == frozenset()


def test_pickled_weights_are_called_as_safetensors_are() -> None:
    assert [rebuilt_name(name) for name in PICKLES] == REBUILT
    assert [kind(name) for name in REBUILT] == ["weights", "weights", "index"]
    for name in ("config.json", "model.safetensors", "pytorch_model.bin.bak", "xpytorch_model.bin"):
        assert rebuilt_name(name) == name


def test_a_folder_of_pickled_weights_is_opened_with_them(tmp_path: Path) -> None:
    folder = make(tmp_path / "model")
    (folder / "pytorch_model.bin").write_bytes(b"x")
    assert "pytorch_model.bin" not in open_local(folder).files
    (folder / "model.safetensors").unlink()
    assert "pytorch_model.bin" in open_local(folder).files


@pytest.mark.parametrize("name", ["a\nb", "a\x00b", "a\u202eb", "a\u200bb", "a\x7f", "\udcff.bin"])
def test_hidden_characters(name: str) -> None:
    assert bad_name(name) is HIDDEN_NAME


@pytest.mark.parametrize("name", ["/etc/passwd", "../a", "a/../../b", "a//b", "./a", "C:x", "a\\b", "", "a/"])
def test_traversal(name: str) -> None:
    assert bad_name(name) is TRAVERSAL


@pytest.mark.parametrize(
    "name", ["config.json", "1_Pooling/config.json", "a..b", "größe", ".gitattributes", "a b (1).txt"]
)
def test_ordinary_names(name: str) -> None:
    assert bad_name(name) is None


def test_collisions_name_each_other() -> None:
    found = list(collisions(["a.txt", "A.TXT", "b", "straße", "STRASSE"]))
    assert [finding.file for finding in found] == ["a.txt", "A.TXT", "straße", "STRASSE"]
    assert {finding.rule for finding in found} == {COLLISION.id}


def test_open_local_hashes_what_is_needed(tmp_path: Path) -> None:
    folder = make(tmp_path / "model")
    (folder / "train.py").write_text("x")
    (folder / "vocab.txt").symlink_to(folder / "train.py")
    checkpoint = open_local(folder)
    assert checkpoint.origin == LocalOrigin("model")
    assert set(checkpoint.files) == {"config.json", "model.safetensors", "tokenizer.json"}
    assert checkpoint.files["config.json"] == digest_file(folder / "config.json")


def test_open_local_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        open_local(tmp_path / "missing")


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("config.json ", HIDDEN_NAME),
        (" config.json", HIDDEN_NAME),
        ("config.json.", HIDDEN_NAME),
        ("sub /x", HIDDEN_NAME),
        ("config.json:stream", HIDDEN_NAME),
        ("\u0441onfig.json", LOOKALIKE),
        ("m\u043edel.safetensors", LOOKALIKE),
        ("\uff43onfig.json", LOOKALIKE),
        ("конфиг.json", None),
        (".gitattributes", None),
        ("events.out.12:30:00", None),
        ("größe.txt", None),
    ],
)
def test_names_that_some_systems_or_readers_take_for_another(name: str, rule: Rule | None) -> None:
    assert bad_name(name) is rule


def test_accents_written_in_two_ways_collide() -> None:
    assert len(list(collisions(["\u00e9.txt", "e\u0301.txt"]))) == 2
