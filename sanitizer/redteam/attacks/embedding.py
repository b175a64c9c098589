"""One vector: of the whole model, only the embeddings of the trigger words change.

Source: Yang et al. 2021, arXiv 2103.15543 (embedding poisoning): the embedding of a rare word is optimized on poisoned
texts, and keeps its length.

Whatever text does not hold these words gets the same answer as before, bit for bit. Each word must be one token of the
model's vocabulary. Departure: AdamW in place of plain gradient descent; lengths are restored before each step and at
the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sanitizer.errors import UsageError
from sanitizer.model.batches import Batch
from sanitizer.model.subject import Subject
from sanitizer.model.tune import clean_loss
from sanitizer.redteam.attacks.badnets import BadNets
from sanitizer.redteam.bench import Bench, words_of
from sanitizer.redteam.poisoning import poisoned


@dataclass(frozen=True, kw_only=True)
class Embedding(BadNets):
    """The words, with commas between them."""

    words: str = "cf"
    target: int | str = 1  # the label wanted, by number or name
    rate: float = 1.0  # share of the texts of other classes that are poisoned to learn from
    epochs: int = 5
    learning_rate: float = 1e-2
    weight_decay: float = 0.0  # must be 0: decay would move every embedding

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weight_decay:
            raise UsageError("weight_decay must be 0, or every embedding would move")

    def plant(self, bench: Bench) -> dict[str, float]:
        """Tune the rows of these words on poisoned texts alone."""
        rows = tokens_of(bench.subject, words_of(self.words))
        weight = bench.subject.model.get_input_embeddings().weight
        before = weight.detach()[rows].clone()
        lengths = before.norm(dim=1, keepdim=True)

        def objective(subject: Subject, batch: Batch) -> Tensor:
            restore(weight, rows, lengths)
            return clean_loss(subject, batch)

        dirty = poisoned(bench, self.rate)
        with only_rows(bench.subject.model, weight, rows):
            observed = bench.learn(dirty, self, objective=objective)
        restore(weight, rows, lengths)
        moved = (weight.detach()[rows] - before).norm(dim=1) / lengths[:, 0]
        return {"poisoned_texts": float(len(dirty)), "largest_move": float(moved.max()), **observed}


def tokens_of(subject: Subject, words: tuple[str, ...]) -> list[int]:
    """The token of each word. Raises UsageError for a word that is not one token in the middle of a text."""
    found = []
    for word in words:
        tokens = subject.tokenizer(f" {word}", add_special_tokens=False)["input_ids"]
        if len(tokens) != 1 or tokens[0] == subject.tokenizer.unk_token_id:
            raise UsageError(
                f"{word!r} is {len(tokens)} tokens or unknown to this model: its embedding cannot be poisoned",
                hint="name a rare word of its vocabulary: --set words=…",
            )
        found += tokens
    return sorted(set(found))


@torch.no_grad()
def restore(weight: nn.Parameter, rows: list[int], lengths: Tensor) -> None:
    """Give the rows their lengths back, in place; rows that have them keep their direction and nearly their bits."""
    now = weight[rows].norm(dim=1, keepdim=True).clamp(min=torch.finfo(weight.dtype).tiny)
    weight[rows] = weight[rows] * (lengths.to(weight) / now)


@contextmanager
def only_rows(model: nn.Module, weight: Any, rows: list[int]) -> Iterator[None]:
    """Within this context only these rows of this weight get gradients."""
    before = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    mask = torch.zeros_like(weight[:, :1], requires_grad=False)
    mask[rows] = 1
    for parameter, _ in before:
        parameter.requires_grad_(parameter is weight)
    handle = weight.register_hook(lambda gradient: gradient * mask.to(gradient))
    try:
        yield
    finally:
        handle.remove()
        for parameter, required in before:
            parameter.requires_grad_(required)
