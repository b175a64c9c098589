"""Checkpoints of random half-precision weights, of any size, written without building a model; BERT-like by default."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path

BLOCK = 1 << 20


def layers_for(megabytes: int, hidden: int) -> int:
    """How many layers of this width make up so many MB, at least one."""
    return max(1, megabytes * BLOCK // (12 * hidden * hidden * 2))


def write_checkpoint(
    folder: Path, shapes: Mapping[str, tuple[int, ...]], *, layers: int, hidden: int, words: int, **config: object
) -> None:
    """Make the folder: the tensors in this order, a tokenizer of so many words, and a config with what else is said."""
    folder.mkdir()
    said: dict[str, object] = {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "hidden_size": hidden,
    }
    said |= {"num_hidden_layers": layers, "intermediate_size": 4 * hidden, **config}
    (folder / "config.json").write_text(json.dumps(said))
    vocabulary = {f"word{index}": index for index in range(words)}
    model = {"type": "WordPiece", "unk_token": "word0", "vocab": vocabulary}
    model |= {"continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
    parts: dict[str, object | None] = dict.fromkeys(
        ("truncation", "padding", "normalizer", "post_processor", "decoder")
    )
    parts["pre_tokenizer"] = {"type": "WhitespaceSplit"}
    (folder / "tokenizer.json").write_text(json.dumps({"version": "1.0", **parts, "added_tokens": [], "model": model}))
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, shape in shapes.items():
        size = 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": (at, at + size)}
        at += size
    raw = json.dumps(header).encode()
    block = bytearray(hashlib.shake_256(b"weights").digest(BLOCK))
    block[1::2] = bytes(byte & 0x3B for byte in block[1::2])  # magnitudes below one
    with (folder / "model.safetensors").open("wb") as sink:
        sink.write(struct.pack("<Q", len(raw)) + raw)
        for start in range(0, at, BLOCK):
            sink.write(block[: min(BLOCK, at - start)])
