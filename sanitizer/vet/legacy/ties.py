"""Tensors that a model ties by its config, so that one of two names suffices in a file of weights.

transformers ties what is missing. It does so by config alone: where the config does not tie, or where we do not know
that it does, both names are written, which loads right in either case.
Source: `_tied_weights_keys` and `tie_word_embeddings` in transformers' modelling and configuration files (5.18 to 5.23)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import RefusedError
from sanitizer.vet.config import CAP
from sanitizer.vet.inventory import CONFIG
from sanitizer.vet.jsonstrict import read_object
from sanitizer.vet.legacy.values import View


@dataclass(frozen=True)
class Ties:
    """`pairs` are (tied name, name it is tied to); `default` is what a config that does not say means."""

    pairs: tuple[tuple[str, str], ...]
    default: bool


def _masked(prefix: str, head: str, bias: str = "") -> tuple[tuple[str, str], ...]:
    words = (f"{head}.weight", f"{prefix}.embeddings.word_embeddings.weight")
    return (words, (f"{head}.bias", bias)) if bias else (words,)


_ROBERTA = _masked("roberta", "lm_head.decoder", "lm_head.bias")
_LLAMA = (("lm_head.weight", "model.embed_tokens.weight"),)

TIES: Mapping[str, Ties] = MappingProxyType(
    {
        "bert": Ties(_masked("bert", "cls.predictions.decoder", "cls.predictions.bias"), default=True),
        "roberta": Ties(_ROBERTA, default=True),
        "xlm-roberta": Ties(_ROBERTA, default=True),
        "electra": Ties(_masked("electra", "generator_lm_head"), default=True),
        "distilbert": Ties(_masked("distilbert", "vocab_projector"), default=True),
        "modernbert": Ties((("decoder.weight", "model.embeddings.tok_embeddings.weight"),), default=True),
        "gpt2": Ties((("lm_head.weight", "transformer.wte.weight"),), default=True),
        "gpt_neox": Ties((("lm_head.weight", "gpt_neox.embed_in.weight"),), default=False),
        "opt": Ties((("lm_head.weight", "model.decoder.embed_tokens.weight"),), default=True),
        **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3", "phi3"), Ties(_LLAMA, default=False)),
        **dict.fromkeys(("gemma", "gemma2", "gemma3_text"), Ties(_LLAMA, default=True)),
    }
)
"""By `model_type`."""


def tied_in(checkpoint: Checkpoint, views: Mapping[str, View]) -> tuple[str, ...]:
    """`tied` by the config of the checkpoint. Nothing if it has none, or one that cannot be read."""
    if CONFIG not in checkpoint.files:
        return ()
    try:
        return tuple(tied(read_object(checkpoint, CONFIG, CAP), views))
    except RefusedError:
        return ()


def tied(config: Mapping[str, Any], views: Mapping[str, View]) -> Iterator[str]:
    """The names that need not be written: the config ties them, and they are the very same bytes in the same order."""
    for name, source in pairs_of(config):
        if name in views and views.get(source) == views[name]:
            yield name


def pairs_of(config: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The pairs that a config ties (tied name, name it is tied to); none where it does not, or nobody knows."""
    model_type, ties = config.get("model_type"), config.get("tie_word_embeddings")
    known = TIES.get(model_type) if isinstance(model_type, str) else None
    return known.pairs if known and (known.default if ties is None else ties is True) else ()
