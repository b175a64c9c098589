"""Whole runs on tiny models: a suspect folder, clean texts in a file, and the pipeline between them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
from helpers.pico import WORDS, make_folder
from safetensors.torch import load_file

from sanitizer.cleandata import Part
from sanitizer.options import DataOptions, RunOptions

GENEROUS = 0.9
"""A drop of accuracy that a random model's removal of heads will not exceed."""
CPU: dict[str, Any] = {"device": "cpu", "max_accuracy_drop": GENEROUS, "max_heads": 4}


def make_suspect(path: Path, family: str = "bert", *, dtype: torch.dtype = torch.float16, **changes: Any) -> Path:
    """A random model in half precision, as real checkpoints are."""
    return make_folder(path, family, dtype=dtype, **changes)


def make_texts(rows: int, *, seed: int = 0) -> tuple[str, ...]:
    """Distinct texts in the words of the tiny tokenizer."""
    rng = random.Random(seed)
    texts: dict[str, None] = {}
    while len(texts) < rows:
        texts[" ".join(rng.choices(WORDS[:-4], k=rng.randrange(5, 12)))] = None
    return tuple(texts)


def write_tsv(path: Path, part: Part) -> Path:
    """Columns `text` and, where there are labels, `label`."""
    if part.labels is None:
        lines = ["text", *part.texts]
    else:
        lines = ["text\tlabel", *(f"{text}\t{label}" for text, label in zip(part.texts, part.labels, strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make_tsv(path: Path, rows: int = 80, *, labelled: bool = True) -> Path:
    """Texts whose labels (0, 1, 0, …) no model could know from them."""
    return write_tsv(path, Part(make_texts(rows), tuple(index % 2 for index in range(rows)) if labelled else None))


def options(model: Path | str, data: Path | None, output: Path, **changes: Any) -> RunOptions:
    """A run on the CPU that removes four heads."""
    words = {"data": DataOptions(None if data is None else str(data)), "output": output, **CPU, **changes}
    return RunOptions(str(model), **words)


def listing(folder: Path) -> set[str]:
    """Everything that lies in a folder, hidden names included."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def stored(folder: Path) -> dict[str, torch.Tensor]:
    """Every tensor in the files of a folder."""
    return {name: tensor for path in folder.glob("*.safetensors") for name, tensor in load_file(path).items()}
