"""Texts as batches of tensors: tokenized once, sorted by length so that little is computed on padding."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from sanitizer.cleandata import Part
from sanitizer.model.subject import Subject

MOST_TOKENS = 512
BATCH: Mapping[str, int] = MappingProxyType({"cpu": 32})
LARGE_BATCH = 64
"""Texts at a time that suit a kind of device, and any other one."""


def batch_size(asked: int | None, device: torch.device) -> int:
    """Texts at a time: as many as asked for, else what suits the device."""
    return asked or BATCH.get(device.type, LARGE_BATCH)


@dataclass(frozen=True)
class Encoded:
    """Tokenized texts in their own order, labels where there are any, and how many tokens of each are the prompt."""

    rows: tuple[dict[str, list[int]], ...]
    labels: tuple[int, ...] | None
    prompts: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def length(self, index: int) -> int:
        """Tokens of one text."""
        return len(self.rows[index]["input_ids"])


@dataclass(frozen=True)
class Spread:
    """The texts of a batch that several processes compute, in order, and at which places those of this process are."""

    index: tuple[int, ...]
    places: tuple[int, ...]


@dataclass(frozen=True)
class Batch:
    """Model inputs [batch, token], labels [batch] or None, which texts they are, how many tokens are prompt [batch].

    `spread` says of what it is a part, where several processes share a batch: see `sanitizer.model.spread`.
    """

    inputs: dict[str, Tensor]
    labels: Tensor | None
    index: tuple[int, ...]
    prompts: Tensor | None = None
    spread: Spread | None = None


def token_limit(subject: Subject, most_tokens: int = MOST_TOKENS) -> int:
    """The length at which a text is cut: what the model can read, and `most_tokens` at most."""
    # Positions of roberta start after the padding index, so two of them are never tokens.
    positions: int = getattr(subject.model.config, "max_position_embeddings", None) or most_tokens + 2
    return int(min(most_tokens, positions - 2, subject.tokenizer.model_max_length))


def encode(subject: Subject, part: Part, *, most_tokens: int = MOST_TOKENS) -> Encoded:
    """Tokenize, cut at what the model can read and at `most_tokens`."""
    accepted = inspect.signature(subject.model.forward).parameters
    encoded = subject.tokenizer(
        list(part.texts),
        truncation=True,
        max_length=token_limit(subject, most_tokens),
        return_attention_mask=True,
        return_offsets_mapping=part.prompts is not None,
    )
    names = [name for name in encoded if name in accepted]
    rows = tuple({name: list(encoded[name][index]) for name in names} for index in range(len(part)))
    if part.prompts is None:
        return Encoded(rows, part.labels)
    starts = [[start for start, _ in spans] for spans in encoded["offset_mapping"]]
    prompts = [
        next((token for token, start in enumerate(spans) if start >= prompt), len(spans))
        for spans, prompt in zip(starts, part.prompts, strict=True)
    ]
    return Encoded(rows, part.labels, tuple(prompts))


def chunked(subject: Subject, texts: Sequence[str], limit: int) -> tuple[Encoded, tuple[int, ...]]:
    """Tokenize whole texts, and which text each row is of: a long one gives rows of about even length, `limit` at most.

    Each row has the special tokens that a text alone has.
    """
    accepted = inspect.signature(subject.model.forward).parameters
    special = subject.tokenizer.num_special_tokens_to_add()
    whole = subject.tokenizer(list(texts), return_attention_mask=True, verbose=False)
    names = [name for name in whole if name in accepted]
    rows, owners = [], []
    for index, text in enumerate(texts):
        found = {name: [whole[name][index]] for name in names}
        if len(whole["input_ids"][index]) > limit:
            tokens = len(whole["input_ids"][index]) - special
            pieces = -(-tokens // max(limit - special, 1))
            size = -(-tokens // pieces) + special
            how = {"truncation": True, "max_length": size, "return_overflowing_tokens": True, "stride": 0}
            found = subject.tokenizer(text, return_attention_mask=True, **how)
        for row in range(len(found["input_ids"])):
            rows.append({name: list(found[name][row]) for name in names})
            owners.append(index)
    return Encoded(tuple(rows), None), tuple(owners)


def collate(subject: Subject, data: Encoded, index: Sequence[int]) -> Batch:
    """Pad the chosen texts on the right to the longest of them and put them on the model's device."""
    rows = {name: [data.rows[i][name] for i in index] for name in data.rows[index[0]]}
    padded = subject.tokenizer.pad(rows, padding=True, padding_side="right", return_tensors="pt")
    labels, prompts = (
        None if values is None else torch.tensor([values[i] for i in index], device=subject.device)
        for values in (data.labels, data.prompts)
    )
    return Batch({name: padded[name].to(subject.device) for name in rows}, labels, tuple(index), prompts)


def batches(subject: Subject, data: Encoded, *, size: int) -> tuple[Batch, ...]:
    """Every text once, longest first: the first batch needs the most memory, so a lack of it shows at once."""
    order = sorted(range(len(data)), key=lambda index: (-data.length(index), index))
    return tuple(collate(subject, data, order[start : start + size]) for start in range(0, len(order), size))


def unpadded(made: Sequence[Batch]) -> Encoded:
    """The texts of batches as they were before padding, in the order of the batches; without labels and prompts."""
    rows = []
    for batch in made:
        lengths = batch.inputs["attention_mask"].sum(dim=1).tolist()
        for row, length in enumerate(lengths):
            rows.append({name: values[row, :length].tolist() for name, values in batch.inputs.items()})
    return Encoded(tuple(rows), None)


def shuffled(data: Encoded, *, size: int, generator: torch.Generator, window: int = 16) -> list[list[int]]:
    """Every text once in random batches of texts of similar length: shuffle, sort inside windows, shuffle batches."""
    order = torch.randperm(len(data), generator=generator).tolist()
    chunks = []
    for start in range(0, len(order), size * window):
        near = sorted(order[start : start + size * window], key=data.length)
        chunks += [near[first : first + size] for first in range(0, len(near), size)]
    return [chunks[position] for position in torch.randperm(len(chunks), generator=generator).tolist()]
