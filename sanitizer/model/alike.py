"""How alike heads attend: the cosine between their attention matrices, input by input.

Source: Jin et al., AAAI 2026, arXiv 2511.13789, §3: flatten each head's attention matrix, take the cosine. Of a
classifier that is the whole matrix, of a causal model the rows of generated tokens over the tokens of the prompt,
A[T_p+1:T, 1:T_p], while it really generates: greedily, 16 tokens at most, to the end of the text and including it.

Departure: padding never counts. Nothing is flattened at once where it comes row by row: the products of two flattened
matrices are the sums of those of their rows, so that memory does not grow with the number of generated tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from sanitizer.heads import Grid
from sanitizer.model.batches import MOST_TOKENS, Batch, Encoded, chunked, token_limit
from sanitizer.model.observe import watched
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent, track

NEW = 16
"""Tokens that a causal model generates at most."""
FLOATS = 1 << 26
"""Attention values held at once: 256 MB in float32."""

Take = Callable[[int, Tensor], None]
"""Takes a layer's index and a part of each head's flattened matrix, [batch, head, entry] in float32."""


def chunks(
    subject: Subject, texts: Sequence[str], *, most_tokens: int = MOST_TOKENS
) -> tuple[Encoded, tuple[int, ...]]:
    """Whole texts, tokenized to be compared, and which text each row is of.

    What is longer than a model reads at once, or than `most_tokens`, is several rows. Causal models need room to
    answer.
    """
    room = NEW if subject.task == "causal" else 0
    return chunked(subject, texts, token_limit(subject, most_tokens + room) - room)


def at_once(subject: Subject, tokens: int, most: int) -> int:
    """How many texts of so many tokens may be compared at once, from 1 to `most`."""
    heads = sum(subject.anatomy.counts())
    entries = tokens + heads if subject.task == "causal" else tokens**2
    return max(1, min(most, FLOATS // (heads * entries)))


@torch.no_grad()
def attend(subject: Subject, batch: Batch, take: Take) -> None:
    """Hand over the attention to compare, layer by layer: whole matrices, or a row a layer for each generated token."""
    if subject.task == "causal":
        _generate(subject, batch, take)
        return
    real = batch.inputs["attention_mask"][:, None, :, None].float()
    with watched(subject.anatomy, lambda layer, weights: take(layer, (weights.float() * real).flatten(2))):
        subject.model(**batch.inputs)


def _generate(subject: Subject, batch: Batch, take: Take) -> None:
    ids, real = _prompts(subject, batch)
    length, end = ids.shape[1], subject.tokenizer.eos_token_id
    asked: dict[str, Any] = {
        "input_ids": ids,
        "attention_mask": real,
        "position_ids": (real.cumsum(1) - 1).clamp(min=0),
    }
    answer = subject.model(**asked, use_cache=True)
    speaking, places = torch.ones_like(ids[:, :1]), asked["position_ids"][:, -1:]

    def see(layer: int, weights: Tensor) -> None:
        # A layer with a sliding window may have forgotten the first tokens: its keys are the last ones there are.
        forgotten = real.shape[1] - weights.shape[3]
        prompt = weights[:, :, 0, : max(length - forgotten, 0)].float() * speaking[:, :, None]
        take(layer, torch.nn.functional.pad(prompt, (length - prompt.shape[2], 0)))

    with watched(subject.anatomy, see):
        for _ in range(NEW):
            token, places = answer.logits[:, -1:].argmax(dim=2), places + 1
            real = torch.cat([real, torch.ones_like(token)], dim=1)
            asked = {"input_ids": token, "attention_mask": real, "position_ids": places}
            answer = subject.model(**asked, past_key_values=answer.past_key_values, use_cache=True)
            speaking = speaking * (token != end)
            if not speaking.any():
                break


def _prompts(subject: Subject, batch: Batch) -> tuple[Tensor, Tensor]:
    """Tokens and which are real, [batch, token], padded on the left, where no answer follows on padding.

    Where texts have answers, the prompt is what comes before. A prompt goes on, so its closing end-of-text token is
    left out; of one that leaves no room for an answer its last tokens are taken.
    """
    ids, real = batch.inputs["input_ids"], batch.inputs["attention_mask"].long()
    if batch.prompts is not None:
        real = real * (torch.arange(ids.shape[1], device=ids.device) < batch.prompts[:, None])
    rows, count = torch.arange(len(ids), device=ids.device), real.sum(dim=1)
    closed = (ids[rows, count - 1] == subject.tokenizer.eos_token_id) & (count > 1)
    real = real.scatter(1, (count - 1)[:, None], 1 - closed.long()[:, None])
    count = real.sum(dim=1)
    columns = torch.arange(ids.shape[1], device=ids.device)
    source = (columns - (ids.shape[1] - count)[:, None]) % ids.shape[1]
    room = min(token_limit(subject, ids.shape[1] + NEW) - NEW, int(count.max()))
    return ids.gather(1, source)[:, -room:], real.gather(1, source)[:, -room:]


def cosines(subject: Subject, batch: Batch) -> Tensor:
    """The cosine between any two heads of the model, [batch, head, head]; 0 for a head that attends to nothing.

    Memory holds the parts of all layers at a time: for a classifier a matrix a head, for a causal model a row. It is
    the main memory where the model itself is more than one device holds.
    """
    counts, parts = subject.anatomy.counts(), list[Tensor]()
    place = torch.device("cpu") if subject.spread else subject.device
    gram = torch.zeros(len(batch.index), sum(counts), sum(counts), device=place)

    def take(layer: int, part: Tensor) -> None:
        parts.append(part.to(place))
        if len(parts) == len(counts):
            flat = torch.cat(parts, dim=1)
            parts.clear()
            gram.add_(flat @ flat.transpose(1, 2))

    attend(subject, batch, take)
    return _unit(gram)


def _unit(gram: Tensor) -> Tensor:
    """Products of vectors to products of their unit vectors."""
    norms = gram.diagonal(dim1=1, dim2=2).sqrt().clamp(min=1e-12)
    return gram / (norms[:, :, None] * norms[:, None, :])


def blocks(gram: Tensor, counts: Sequence[int]) -> list[Tensor]:
    """Of the cosines between all heads those within each layer, where layers have so many heads."""
    ends = list(accumulate(counts))
    return [gram[:, end - count : end, end - count : end] for end, count in zip(ends, counts, strict=True)]


def others(gram: Tensor) -> Tensor:
    """The mean cosine of each head with the others, [batch, head, head] to [batch, head]; 0 where there is none."""
    return (gram.sum(dim=2) - gram.diagonal(dim1=1, dim2=2)) / max(gram.shape[1] - 1, 1)


def nearest(gram: Tensor) -> Tensor:
    """The highest cosine of each head with another one, [batch, head, head] to [batch, head]; 0 where there is none."""
    if gram.shape[1] == 1:
        return torch.zeros_like(gram[:, 0])
    itself = torch.eye(gram.shape[1], dtype=torch.bool, device=gram.device)
    return gram.masked_fill(itself, -1.0).amax(dim=2)


def nearest_cosine(
    subject: Subject, batches: Sequence[Batch], *, progress: Progress = silent, step: str = "similarity"
) -> Grid:
    """Mean over texts of each head's highest cosine with another of its layer. Memory holds one layer at a time."""
    totals = [torch.zeros(layer.heads, dtype=torch.float64) for layer in subject.anatomy.layers]
    texts = 0
    for batch in track(progress, step, batches):
        grams: dict[int, Tensor] = {}

        def take(layer: int, part: Tensor, grams: dict[int, Tensor] = grams) -> None:
            grams[layer] = grams.get(layer, 0) + part @ part.transpose(1, 2)

        attend(subject, batch, take)
        for layer, gram in grams.items():
            totals[layer] += nearest(_unit(gram)).sum(dim=0).double().cpu()
        texts += len(batch.index)
    return tuple(tuple((total / max(texts, 1)).tolist()) for total in totals)
