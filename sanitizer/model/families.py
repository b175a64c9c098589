"""The one file that knows a model family: where its attention sits and how heads lie in its projections.

A new family is a new row of `FAMILIES`. A family that does not route attention through transformers'
`AttentionInterface` (deberta-v2, mpnet, falcon) must not get a row: its heads could not be observed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sanitizer.errors import UnsupportedError


@dataclass(frozen=True)
class Separate:
    """One projection each for query, key and value; heads are consecutive blocks of output features."""

    query: str
    key: str
    value: str


@dataclass(frozen=True)
class FusedByRole:
    """One projection: all query heads, then all key heads, then all value heads (gpt2, phi3, modernbert)."""

    name: str


@dataclass(frozen=True)
class FusedByHead:
    """One projection: for each head its query, key and value in turn (gpt_neox). No grouped keys."""

    name: str


Projection = Separate | FusedByRole | FusedByHead


def rows_of(
    projection: Projection, role: int, head: int, *, heads: int, key_heads: int, head_dim: int
) -> tuple[int, range]:
    """Which of the projections holds a role (0 query, 1 key, 2 value) of a head, and in which output features.

    `head` counts query heads, or key heads for the other two roles, of the `heads` and `key_heads` that there are now.
    """
    match projection:
        case Separate():
            which, start = role, head
        case FusedByRole():
            which, start = 0, (0, heads, heads + key_heads)[role] + head
        case FusedByHead():
            which, start = 0, 3 * head + role
    return which, range(start * head_dim, (start + 1) * head_dim)


@dataclass(frozen=True)
class Family:
    """Paths are dotted: `layers` from the base model, `attention` from a layer, the rest from the attention module.

    `output` starts from the layer, since in BERT the output projection is no part of the self-attention module.
    `counts` and `widths` name attributes of the attention module that repeat the number of heads, or heads x head_dim,
    and so must follow when heads are cut out; `keys` and `groups` do the same for grouped keys. `own_config` says that
    the forward pass reads the number of heads from the config, so each layer needs a copy of its own.
    `transposed` says that projections are stored as [input, output].
    `head_dim_key` says that stock transformers honours an explicit `head_dim` in the config, `divides_hidden` that it
    nevertheless insists on a hidden size that is a multiple of the number of heads.
    """

    layers: str
    attention: str
    output: str
    projection: Projection
    counts: tuple[str, ...] = ()
    widths: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    own_config: bool = False
    transposed: bool = False
    head_dim_key: bool = False
    divides_hidden: bool = False

    @property
    def projections(self) -> tuple[str, ...]:
        """The one or three modules that make query, key and value, from the attention module."""
        match self.projection:
            case Separate(query, key, value):
                return query, key, value
            case FusedByRole(name) | FusedByHead(name):
                return (name,)


_BERT = Family(
    layers="encoder.layer",
    attention="attention.self",
    output="attention.output.dense",
    projection=Separate("query", "key", "value"),
    counts=("num_attention_heads",),
    widths=("all_head_size",),
)
_LLAMA = Family(
    layers="layers",
    attention="self_attn",
    output="self_attn.o_proj",
    projection=Separate("q_proj", "k_proj", "v_proj"),
    groups=("num_key_value_groups",),
    head_dim_key=True,
)

FAMILIES: dict[str, Family] = {
    "bert": _BERT,
    "roberta": _BERT,
    "xlm-roberta": _BERT,
    "electra": _BERT,
    "distilbert": Family(
        layers="transformer.layer",
        attention="attention",
        output="attention.out_lin",
        projection=Separate("q_lin", "k_lin", "v_lin"),
        counts=("n_heads",),
    ),
    "gpt2": Family(
        layers="h",
        attention="attn",
        output="attn.c_proj",
        projection=FusedByRole("c_attn"),
        counts=("num_heads",),
        widths=("split_size",),
        transposed=True,
    ),
    "gpt_neox": Family(
        layers="layers",
        attention="attention",
        output="attention.dense",
        projection=FusedByHead("query_key_value"),
    ),
    "opt": Family(
        layers="decoder.layers",
        attention="self_attn",
        output="self_attn.out_proj",
        projection=Separate("q_proj", "k_proj", "v_proj"),
        counts=("num_heads",),
    ),
    "llama": replace(_LLAMA, divides_hidden=True),
    "mistral": _LLAMA,
    "qwen2": _LLAMA,
    "qwen3": _LLAMA,
    "gemma": _LLAMA,
    "gemma2": _LLAMA,
    "gemma3_text": _LLAMA,
    "phi3": Family(
        layers="layers",
        attention="self_attn",
        output="self_attn.o_proj",
        projection=FusedByRole("qkv_proj"),
        keys=("num_key_value_heads",),
        groups=("num_key_value_groups",),
        own_config=True,
        head_dim_key=True,
    ),
    "modernbert": Family(
        layers="layers",
        attention="attn",
        output="attn.Wo",
        projection=FusedByRole("Wqkv"),
    ),
}


def family_of(model_type: str) -> Family:
    """The row of a model type. Raises UnsupportedError listing the known ones."""
    try:
        return FAMILIES[model_type]
    except KeyError:
        raise UnsupportedError(
            f"models of type {model_type!r} are not supported",
            hint=f"supported: {', '.join(sorted(FAMILIES))}",
        ) from None


@dataclass(frozen=True)
class HeadShape:
    """The numbers of a config that decide the shape of attention, before any head was cut."""

    layers: int
    heads: int
    key_heads: int
    head_dim: int

    @classmethod
    def of(cls, config: Any) -> HeadShape:
        """Read a transformers config; families without grouped keys have as many key heads as heads."""
        heads = config.num_attention_heads
        return cls(
            layers=config.num_hidden_layers,
            heads=heads,
            key_heads=getattr(config, "num_key_value_heads", None) or heads,
            head_dim=getattr(config, "head_dim", None) or config.hidden_size // heads,
        )
