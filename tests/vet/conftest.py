"""A folder to vet."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.checkpoints import make, shard, write_json
from helpers.hostile import OLD_PICKLE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sharded model with a bit of everything that real folders hold."""
    folder = shard(make(tmp_path / "model", transformers_version="4", _name_or_path="/home/x"))
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "tokenizer_file": "/home/x"})
    for name, content in (
        ("README.md", b"---\nlicense: mit\n---\n# text\n"),
        ("LICENSE", b"MIT\n"),
        ("train.py", b"print()"),
        ("pytorch_model.bin", OLD_PICKLE),
        ("runs/events", b"x"),
        (".git/HEAD", b"ref"),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
