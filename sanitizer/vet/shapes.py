"""Names and shapes of tensors, held against what the config's native class is built of, without building it.

The table holds the embeddings and the matrices of every layer, which is nearly all there is to a model; a test holds it
against the classes of transformers on the meta device. What else the class wants or leaves is told when it is opened.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sanitizer.checkpoint import Checkpoint
from sanitizer.report import Finding
from sanitizer.vet.budget import HARMLESS
from sanitizer.vet.config import CAP, QUANTIZATION
from sanitizer.vet.inventory import CONFIG
from sanitizer.vet.jsonstrict import read_object
from sanitizer.vet.legacy.ties import TIES
from sanitizer.vet.rules import Rule
from sanitizer.vet.tensors import headers

# Neither is an attack: where they are all there is, the answer is inconclusive, and opening the copy tells the rest.
SHAPE = Rule(
    "weights.shape",
    "medium",
    "a tensor has another shape than the config gives it",
    "the config and the weights belong to different models; do not use them together",
    why="Loaders stop, or fill the tensor with random numbers and only warn.",
)
MISSING = Rule(
    "weights.missing",
    "medium",
    "the config asks for tensors that are in none of the files",
    "get the whole checkpoint, or the config that belongs to it",
    why="Loaders fill what is missing with random numbers and only warn: nobody vetted what then runs.",
)
NAMES = Rule(
    "weights.names",
    "low",
    "none of the tensors has a name that the config's class knows",
    "ask the author for a checkpoint written by save_pretrained",
    why="Loaders fill the whole model with random numbers and only warn.",
)
PAYLOAD = Rule(
    "weights.bytes",
    "medium",
    "a tensor of bytes where the model has numbers",
    "ask the author what it is for; no text model of this kind has one",
    why="Bytes that no part of the model reads are a place to hide a program or data in.",
)

_BYTES = frozenset({"U8", "I8"})
_OLD_MASKS = re.compile(r"(?:\.|^)(?:attn|attention)\.(?:masked_)?bias$")
_QUANTIZED = re.compile(
    r"\.(?:q?weight|qzeros|SCB|weight_format|(?:weight\.)?(?:nested_)?(?:absmax|quant_map|quant_state\..+))$"
)


@dataclass(frozen=True)
class Part:
    """`pattern` ends a tensor's name, with one number for its layer; `shape` is in the words of `sizes`."""

    pattern: re.Pattern[str]
    shape: tuple[str, ...]
    of_heads: bool

    @property
    def layered(self) -> bool:
        """Whether every layer has one."""
        return self.pattern.groups > 0


def _parts(prefix: str, **shapes: str) -> tuple[Part, ...]:
    """`a__b="X Y"`: the tensor `prefix.N.a.b.weight` of shape (X, Y); an `*` in front marks attention."""
    parts = []
    for name, shape in shapes.items():
        path = re.escape(name.replace("__", "."))
        place = rf"{re.escape(prefix)}\.(\d+)\.{path}" if prefix else path
        parts.append(Part(re.compile(rf"(?:^|\.){place}\.weight$"), tuple(shape.strip("*").split()), shape[0] == "*"))
    return tuple(parts)


_BERT = (
    *_parts("", embeddings__word_embeddings="V E"),
    *_parts("encoder.layer", attention__self__query="*H H", attention__self__key="*H H", attention__self__value="*H H"),
    *_parts("encoder.layer", attention__output__dense="*H H", intermediate__dense="I H", output__dense="H I"),
)
_ATTENTION = {"self_attn__q_proj": "*A H", "self_attn__k_proj": "*K H", "self_attn__v_proj": "*K H"}
_LLAMA = (
    *_parts("", embed_tokens="V H"),
    *_parts("layers", **_ATTENTION, self_attn__o_proj="*H A"),
    *_parts("layers", mlp__gate_proj="I H", mlp__up_proj="I H", mlp__down_proj="H I"),
)
PARTS: Mapping[str, tuple[Part, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("bert", "roberta", "xlm-roberta", "electra"), _BERT),
        "distilbert": (
            *_parts("", embeddings__word_embeddings="V H"),
            *_parts("transformer.layer", attention__q_lin="*H H", attention__k_lin="*H H", attention__v_lin="*H H"),
            *_parts("transformer.layer", attention__out_lin="*H H", ffn__lin1="I H", ffn__lin2="H I"),
        ),
        "modernbert": (
            *_parts("", embeddings__tok_embeddings="V H"),
            *_parts("layers", attn__Wqkv="*3H H", attn__Wo="*H H", mlp__Wi="2I H", mlp__Wo="H I"),
        ),
        "gpt2": (
            *_parts("", wte="V H"),
            *_parts("h", attn__c_attn="*H 3H", attn__c_proj="*H H", mlp__c_fc="H I", mlp__c_proj="I H"),
        ),
        "gpt_neox": (
            *_parts("", embed_in="V H"),
            *_parts("layers", attention__query_key_value="*3H H", attention__dense="*H H"),
            *_parts("layers", mlp__dense_h_to_4h="I H", mlp__dense_4h_to_h="H I"),
        ),
        "opt": (
            *_parts("", decoder__embed_tokens="V E"),
            *_parts("layers", self_attn__q_proj="*H H", self_attn__k_proj="*H H", self_attn__v_proj="*H H"),
            *_parts("layers", self_attn__out_proj="*H H", fc1="I H", fc2="H I"),
        ),
        **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text"), _LLAMA),
        "phi3": (
            *_parts("", embed_tokens="V H"),
            *_parts("layers", self_attn__qkv_proj="*A+2K H", self_attn__o_proj="*H A"),
            *_parts("layers", mlp__gate_up_proj="2I H", mlp__down_proj="H I"),
        ),
    }
)
"""By `model_type`."""

_OWN_HEADS = frozenset({"qwen3", "gemma", "gemma2", "gemma3_text"})
"""Their size of a head, where the config does not say it, is a number of the library's own."""


def sizes(config: Mapping[str, Any]) -> dict[str, int]:
    """V vocabulary, H width, E width of embeddings, I inner width, L layers, A and K widths of queries and keys.

    What the config does not say is not there.
    """

    def first(*names: str) -> int | None:
        return next((config[name] for name in names if type(config.get(name)) is int), None)

    width, heads = first("hidden_size", "n_embd", "dim"), first("num_attention_heads", "n_head", "n_heads")
    of_type = config.get("model_type")
    inner = first("intermediate_size", "n_inner", "hidden_dim", "ffn_dim")
    head = first("head_dim")
    if head is None and width and heads and of_type not in _OWN_HEADS:
        head = width // heads
    queries = heads * head if heads and head else None
    groups = first("num_key_value_heads") or heads
    found = {
        "V": first("vocab_size"),
        "H": width,
        "E": first({"electra": "embedding_size", "opt": "word_embed_proj_dim"}.get(str(of_type), "")) or width,
        "I": 4 * width if inner is None and of_type == "gpt2" and width else inner,
        "L": first("num_hidden_layers", "n_layer", "n_layers"),
        "A": queries,
        "K": groups * head if groups and head else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def length(word: str, known: Mapping[str, int]) -> int | None:
    """`3H`, `A+2K`: a sum of multiples; None if one of its words is not known."""
    total = 0
    for part in word.split("+"):
        if part[-1] not in known:
            return None
        total += int(part[:-1] or 1) * known[part[-1]]
    return total


def fitting(checkpoint: Checkpoint) -> Iterator[Finding]:
    """Nothing, or what is missing, of another shape, or of bytes. Of names that nobody knows no more can be said."""
    config = read_object(checkpoint, CONFIG, CAP)
    of_type = config.get("model_type")
    parts = PARTS.get(of_type, ()) if isinstance(of_type, str) else ()
    found = headers(checkpoint)
    known = sizes(config)
    # Heads that were cut out: then the record of them says what is left, and loading.
    cut = bool(config.get("pruned_heads")) or config.get(QUANTIZATION) is not None
    seen: dict[Part, set[int]] = {part: set() for part in parts}
    for file, header in found.items():
        others, payloads = [], []
        for name, tensor in header.tensors.items():
            for part in parts:
                match = part.pattern.search(name)
                if match:
                    seen[part].add(int(match[1]) if part.layered else 0)
                    wanted = tuple(length(word, known) for word in part.shape)
                    if None not in wanted and wanted != tensor.shape and not (cut and part.of_heads):
                        others.append(f"{name} has {tensor.shape}, the config says {wanted}")
            usual = _QUANTIZED if config.get(QUANTIZATION) is not None else _OLD_MASKS
            if tensor.dtype in _BYTES and not usual.search(name):
                payloads.append(name)
        yield from _one(SHAPE, file, others)
        yield from _one(PAYLOAD, file, payloads)
    names = {name for header in found.values() for name in header.tensors}
    held = sum(math.prod(tensor.shape) for header in found.values() for tensor in header.tensors.values())
    if any(layers for part, layers in seen.items() if part.layered):
        missing = _missing(seen, known.get("L", 0), tied=bool(names & _heads_of(of_type)))
        yield from _one(MISSING, CONFIG, sorted(missing))
    elif parts and not any(seen.values()) and held > HARMLESS:
        yield NAMES.finding(CONFIG)


def _one(rule: Rule, file: str, said: list[str]) -> Iterator[Finding]:
    """One finding for all: the first, and how many more."""
    if said:
        more = f" and {len(said) - 1} more" if len(said) > 1 else ""
        yield rule.finding(file, f"{said[0]}{more}")


def _heads_of(of_type: Any) -> set[str]:
    """Names that may stand for the embeddings they are tied to."""
    return {name for name, _ in TIES[of_type].pairs} if of_type in TIES else set()


def _missing(seen: Mapping[Part, set[int]], layers: int, *, tied: bool) -> Iterator[str]:
    for part, there in seen.items():
        name = part.pattern.pattern.removeprefix(r"(?:^|\.)").removesuffix(r"\.weight$").replace("\\", "")
        if not part.layered and not there and not tied:
            yield name
        if part.layered:
            yield from (name.replace("(d+)", str(layer)) for layer in range(layers) if layer not in there)
