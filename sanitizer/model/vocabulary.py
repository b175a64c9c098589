"""Tokens that a text can hold, and what a bag of words makes of them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from sanitizer.model.batches import Encoded
from sanitizer.model.subject import Subject

RIDGE = 0.02
STEPS = 100


def writable(tokenizer: Any) -> tuple[int, ...]:
    """Tokens that text can produce, in order: written out and read again, each is itself. None is special."""
    special = set(tokenizer.all_special_ids)
    tokens = sorted(token for token in tokenizer.get_vocab().values() if token not in special)
    words = [tokenizer.convert_tokens_to_string([piece]) for piece in tokenizer.convert_ids_to_tokens(tokens)]
    read = tokenizer(words, add_special_tokens=False)["input_ids"]
    return tuple(token for token, found in zip(tokens, read, strict=True) if list(found) == [token])


def bodies(subject: Subject, data: Encoded) -> list[tuple[list[int], list[int], list[int]]]:
    """Each text's token ids as special ones in front, the text itself, and special ones behind."""
    special = set(subject.tokenizer.all_special_ids)
    parts = []
    for row in data.rows:
        ids = row["input_ids"]
        first = next((place for place, token in enumerate(ids) if token not in special), len(ids))
        last = next((place for place in range(len(ids), first, -1) if ids[place - 1] not in special), first)
        parts.append((ids[:first], ids[first:last], ids[last:]))
    return parts


def filled(row: dict[str, list[int]], ids: list[int]) -> dict[str, list[int]]:
    """A text of other tokens with the same other inputs, which for a single text are the same at every token."""
    return {name: ids if name == "input_ids" else values[:1] * len(ids) for name, values in row.items()}


def polarity(subject: Subject, data: Encoded) -> Tensor:
    """How much a token moves a bag of words towards each label, in logits around their mean: [vocabulary, label].

    The bag is a linear classifier of the mean input embedding of a text, fitted to labelled texts with a ridge. What it
    finds neutral says nothing about the label by itself, as far as clean texts show; that includes words they lack.
    """
    table = subject.model.get_input_embeddings().weight.detach().float()
    labels = torch.tensor(data.labels, device=table.device)
    means = torch.stack([table[torch.tensor(body or [0])].mean(dim=0) for _, body, _ in bodies(subject, data)])
    centre, scale = means.mean(dim=0), means.std(dim=0).clamp(min=1e-6)
    inputs = (means - centre) / scale
    weights = torch.zeros(inputs.shape[1], int(labels.max()) + 1, device=table.device, requires_grad=True)
    bias = torch.zeros(weights.shape[1], device=table.device, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=STEPS)

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = cross_entropy(inputs @ weights + bias, labels) + RIDGE * weights.square().sum()
        torch.autograd.backward(value)
        return value

    with torch.enable_grad():
        optimizer.step(loss)  # type: ignore[no-untyped-call]
    logits: Tensor = ((table - centre) / scale) @ weights.detach()
    return logits - logits.mean(dim=1, keepdim=True)


def neutral_tokens(subject: Subject, data: Encoded) -> frozenset[int]:
    """Tokens that text can hold and that say less about the label than most: within one standard deviation."""
    tokens = writable(subject.tokenizer)
    said = polarity(subject, data)[list(tokens)]
    near = (said.abs() <= said.std()).all(dim=1).tolist()
    return frozenset(token for token, neutral in zip(tokens, near, strict=True) if neutral)
