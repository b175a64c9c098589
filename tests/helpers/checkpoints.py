"""Tiny checkpoint folders, and safetensors files written by hand so that they can lie."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from sanitizer.checkpoint import Checkpoint
from sanitizer.report import VetRecord
from sanitizer.vet.gate import vet
from sanitizer.vet.inventory import open_local

CONFIG: dict[str, Any] = {
    "architectures": ["BertForSequenceClassification"],
    "hidden_size": 4,
    "id2label": {"0": "NEGATIVE", "1": "POSITIVE"},
    "layer_norm_eps": 1e-12,
    "model_type": "bert",
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "use_cache": True,
}
TOKENIZER: dict[str, Any] = {
    "version": "1.0",
    **dict.fromkeys(("truncation", "padding", "normalizer", "pre_tokenizer", "post_processor", "decoder")),
    "added_tokens": [],
    "model": {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {"[PAD]": 0, "[UNK]": 1},
    },
}
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
INDEX = "model.safetensors.index.json"


def entry(start: int, end: int, dtype: str = "F32", shape: tuple[int, ...] | None = None) -> dict[str, Any]:
    """One tensor of a header; a vector of F32 unless told otherwise."""
    return {"dtype": dtype, "shape": list(shape or ((end - start) // 4,)), "data_offsets": [start, end]}


def packed(header: dict[str, Any] | str | bytes, data: bytes = b"") -> bytes:
    """A safetensors file with exactly this header, be it right or wrong."""
    text = json.dumps(header) if isinstance(header, dict) else header
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(raw)) + raw + data


WEIGHTS = packed({"__metadata__": {"format": "pt"}, "a": entry(0, 8), "b": entry(8, 16)}, bytes(range(16)))


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def make(folder: Path, **config: Any) -> Path:
    """A harmless folder with one file of weights; `config` adds keys to config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", {**CONFIG, **config})
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    write_json(folder / "tokenizer.json", TOKENIZER)
    return folder


def shard(folder: Path) -> Path:
    """The same folder with its weights in two shards and an index."""
    (folder / "model.safetensors").unlink()
    for name, tensor in zip(SHARDS, "ab", strict=True):
        (folder / name).write_bytes(packed({tensor: entry(0, 8)}, bytes(8)))
    write_json(folder / INDEX, {"metadata": {}, "weight_map": dict(zip("ab", SHARDS, strict=True))})
    return folder


def vetted(folder: Path) -> VetRecord:
    return vet(open_local(folder))


def rules(record: VetRecord) -> set[str]:
    return {finding.rule for finding in record.findings}


def bytes_of(checkpoint: Checkpoint) -> dict[str, bytes]:
    """The content of each file of a flat folder."""
    return {path.name: path.read_bytes() for path in checkpoint.path.iterdir()}


def fates(record: VetRecord) -> dict[str, str]:
    """What became of each file."""
    return {file.name: file.fate for file in record.files}
