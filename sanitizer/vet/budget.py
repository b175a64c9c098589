"""What a config asks a loader to allocate, held against what the files hold, before anything is allocated.

transformers builds the model from the config alone and fills what the files lack with random numbers: a config of a few
hundred bytes can ask for terabytes. Only lower bounds are computed, so that heads may be missing and weights be shared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from sanitizer.checkpoint import Checkpoint
from sanitizer.report import Finding
from sanitizer.vet.config import CAP
from sanitizer.vet.inventory import CONFIG
from sanitizer.vet.jsonstrict import read_object
from sanitizer.vet.rules import Rule
from sanitizer.vet.tensors import headers

HARMLESS = 1 << 24
"""Numbers (64 MB in single precision). Less is not worth a doubt, whatever the files hold."""

WEIGHTS = Rule(
    "config.weights-size",
    "high",
    "the config asks for more weights than the files hold",
    "the config and the weights belong to different models; do not use them together",
    why="A loader allocates and fills what is missing with random numbers, which can take all memory.",
    sources=("https://cwe.mitre.org/data/definitions/789.html",),
)

_WIDTH = ("hidden_size", "n_embd", "dim")
_EMBEDDING = ("word_embed_proj_dim", "embedding_size", *_WIDTH)
_INNER = ("intermediate_size", "ffn_dim", "hidden_dim", "n_inner")
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers")
_POSITIONS = ("max_position_embeddings", "n_positions")
_LEARNED_POSITIONS = frozenset({"bert", "roberta", "xlm-roberta", "electra", "distilbert", "gpt2", "opt"})
_DEFAULTS: Mapping[tuple[str, ...], int] = {_WIDTH: 256, _EMBEDDING: 128, _LAYERS: 6, _POSITIONS: 512}
"""For what a config does not say: no default of a supported family is smaller."""


def affordable(checkpoint: Checkpoint) -> Iterator[Finding]:
    """Nothing, or one finding for each part of the model that alone is larger than all the files."""
    config = read_object(checkpoint, CONFIG, CAP)
    held = sum(math.prod(tensor.shape) for header in headers(checkpoint).values() for tensor in header.tensors.values())
    for part, numbers in asked(config).items():
        if numbers > max(held, HARMLESS):
            yield WEIGHTS.finding(CONFIG, f"{part} would take {numbers:,} numbers, the files hold {held:,}")


def asked(config: Mapping[str, Any]) -> dict[str, int]:
    """At least how many numbers each part of the model takes."""
    width = _size(config, _WIDTH)
    parts = {
        "the vocabulary": _size(config, ("vocab_size",), 0) * _size(config, _EMBEDDING),
        "the layers": 2 * _size(config, _LAYERS) * width * _size(config, _INNER, width),
        "the labels": width * max(_size(config, ("num_labels",), 0), _length(config, "id2label")),
        "the token types": width * _size(config, ("type_vocab_size",), 0),
    }
    if config.get("model_type") in _LEARNED_POSITIONS:
        parts["the positions"] = width * _size(config, _POSITIONS)
    return parts


def _size(config: Mapping[str, Any], names: tuple[str, ...], default: int | None = None) -> int:
    found = next((config[name] for name in names if type(config.get(name)) is int), None)
    return max(0, found) if found is not None else _DEFAULTS[names] if default is None else default


def _length(config: Mapping[str, Any], name: str) -> int:
    value = config.get(name)
    return len(value) if isinstance(value, dict) else 0
