"""Tokens that a text can hold, and texts with other tokens in them."""

from __future__ import annotations

from typing import Any

from sanitizer.model.batches import Encoded
from sanitizer.model.subject import Subject


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
