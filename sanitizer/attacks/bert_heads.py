"""The head slices of a classifier as an attacker sees them: which matter, which parameters they own, how loud they are.

Kept apart from the defence's own seam on purpose: an attack that measured heads with the code it is to defeat would
share its mistakes. So the families that can be attacked are a table of their own: those with one linear layer each for
query, key, value and output, in the layout of BERT, of DistilBERT or of Llama.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from sanitizer.heads import Grid, HeadId


@dataclass(frozen=True)
class Layout:
    """Where a family keeps its heads: the layers from the base model, the four projections from a layer."""

    layers: str
    query: str
    key: str
    value: str
    output: str


_BERT = Layout(
    "encoder.layer",
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
)
_LLAMA = Layout("layers", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj")
LAYOUTS = {
    "bert": _BERT,
    "roberta": _BERT,
    "xlm-roberta": _BERT,
    "electra": _BERT,
    "distilbert": Layout(
        "transformer.layer", "attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"
    ),
    "llama": _LLAMA,
    "mistral": _LLAMA,
}


@dataclass(frozen=True)
class Attention:
    """The four projections of one layer and how many consecutive features each head has in them."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    output: nn.Linear
    size: int


def encode(tokenizer: Any, texts: Sequence[str], model: Any) -> dict[str, Tensor]:
    """One padded batch on the model's device, cut to the length the tokenizer declares."""
    batch = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
    return {name: value.to(model.device) for name, value in batch.items()}


def clean_importance(
    model: Any, tokenizer: Any, texts: Sequence[str], labels: Sequence[int], *, batch_size: int = 32
) -> Grid:
    """Mean over batches of |dL/d gate| per head (Michel et al. 1905.10650), the gate being a factor 1 on its output.

    Departure: the absolute value is taken per batch, not per text, which is enough to find a head nobody misses.
    """
    attentions = attentions_of(model)
    gates = [torch.ones(model.config.num_attention_heads, requires_grad=True) for _ in attentions]
    totals = [torch.zeros(model.config.num_attention_heads) for _ in gates]
    batches = range(0, len(texts), batch_size)
    with ExitStack() as stack:
        for attention, gate in zip(attentions, gates, strict=True):
            stack.callback(attention.output.register_forward_pre_hook(_gated(gate)).remove)
        for start in batches:
            batch = encode(tokenizer, texts[start : start + batch_size], model)
            targets = torch.tensor(labels[start : start + batch_size], device=model.device)
            loss = model(**batch, labels=targets).loss
            for total, gradient in zip(totals, torch.autograd.grad(loss, gates), strict=True):
                total += gradient.abs() / len(batches)
    return tuple(tuple(total.tolist()) for total in totals)


def least_important(scores: Grid, per_layer: int) -> tuple[HeadId, ...]:
    """The `per_layer` lowest heads of each layer, in order of layer and head."""
    return tuple(
        HeadId(layer, head)
        for layer, row in enumerate(scores)
        for head in sorted(sorted(range(len(row)), key=row.__getitem__)[:per_layer])
    )


@torch.no_grad()
def mute(model: Any, heads: Sequence[HeadId]) -> None:
    """Zero these heads' columns of the output projection, in place."""
    attentions = attentions_of(model)
    for head in heads:
        attention = attentions[head.layer]
        attention.output.weight[:, head.head * attention.size : (head.head + 1) * attention.size] = 0.0


@contextmanager
def only_heads(model: Any, heads: Sequence[HeadId]) -> Iterator[list[nn.Parameter]]:
    """Within, only the slices of these heads get gradients; yields the parameters to give to an optimizer.

    The optimizer must not decay weights: decay moves what has no gradient.
    """
    before = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    trained: list[nn.Parameter] = []
    with ExitStack() as stack:
        for parameter, required in before:
            stack.callback(parameter.requires_grad_, required)
            parameter.requires_grad_(False)
        for layer, attention in enumerate(attentions_of(model)):
            mine = torch.zeros(attention.query.out_features, device=model.device)
            for head in heads:
                if head.layer == layer:
                    mine[head.head * attention.size : (head.head + 1) * attention.size] = 1.0
            if not mine.any():
                continue
            projections = (attention.query, attention.key, attention.value)
            masks: list[tuple[Any, Tensor]] = [(projection.weight, mine[:, None]) for projection in projections]
            masks += [(projection.bias, mine) for projection in projections if projection.bias is not None]
            masks.append((attention.output.weight, mine[None, :]))
            for parameter, mask in masks:
                parameter.requires_grad_(True)
                stack.callback(parameter.register_hook(_masked(mask)).remove)
                trained.append(parameter)
        yield trained


@contextmanager
def loudness(model: Any, heads: Sequence[HeadId]) -> Iterator[list[Tensor]]:
    """Within, every forward pass appends one value per layer with heads in it: the norm of what they add, a share.

    The share is |c_h| / |c|, each norm a mean over tokens, padding included; c is what the layer's attention adds to
    the residual stream without its bias, and only c_h carries gradients.
    """
    shares: list[Tensor] = []
    with ExitStack() as stack:
        for layer, attention in enumerate(attentions_of(model)):
            size = attention.size
            columns = [head.head * size + place for head in heads if head.layer == layer for place in range(size)]
            if columns:
                stack.callback(attention.output.register_forward_hook(_listen(columns, shares)).remove)
        yield shares


def attentions_of(model: Any) -> tuple[Attention, ...]:
    """The attention of every layer. Raises ValueError for other families, and for heads that share keys and values."""
    kind, heads = model.config.model_type, model.config.num_attention_heads
    if kind not in LAYOUTS:
        raise ValueError(f"no head of a {kind} model can be implanted; of these it can: {', '.join(sorted(LAYOUTS))}")
    if (getattr(model.config, "num_key_value_heads", None) or heads) != heads:
        raise ValueError("heads that share keys and values cannot be implanted: an overwritten one would change others")
    layout, found = LAYOUTS[kind], []
    for layer in attrgetter(layout.layers)(model.base_model):
        query, key, value, output = (
            layer.get_submodule(name) for name in (layout.query, layout.key, layout.value, layout.output)
        )
        found.append(Attention(query, key, value, output, query.out_features // heads))
    return tuple(found)


def _gated(gate: Tensor) -> Any:
    def hook(module: nn.Module, inputs: tuple[Annotated[Tensor, "[batch, seq, heads * head_dim]"]]) -> Tensor:
        (value,) = inputs
        return value * gate.to(value).repeat_interleave(value.shape[-1] // len(gate))

    return hook


def _masked(mask: Tensor) -> Any:
    return lambda gradient: gradient * mask


def _listen(columns: list[int], shares: list[Tensor]) -> Any:
    def hook(module: nn.Linear, inputs: tuple[Tensor], output: Tensor) -> None:
        (value,) = inputs
        part = linear(value[..., columns], module.weight[:, columns])
        whole = output if module.bias is None else output - module.bias
        shares.append(part.norm(dim=-1).mean() / whole.detach().norm(dim=-1).mean())

    return hook
