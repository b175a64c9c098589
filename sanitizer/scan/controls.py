"""Clean texts made unusual in ways that are no backdoor: what a detector of triggers must not answer to as much.

A reviewer of Jin et al. (arXiv 2511.13789) asked whether similar attention is a sign of a trigger or of any odd text,
and named rare words, adversarial suffixes and improbable sequences; shuffled words are added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from transformers import PreTrainedTokenizerBase

SUFFIX = 5
"""Pieces of a random suffix."""
PIECES = 4096
"""Ids of the vocabulary that pieces are drawn from."""


def controls(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, *, generator: torch.Generator
) -> Mapping[str, tuple[str, ...]]:
    """The texts with a random vocabulary piece somewhere, with five of them at the end, in another order of words, and
    with every word replaced by one drawn evenly from all the words of the texts.

    Words are what white space separates, or characters where a text has none.
    """
    pieces = _pieces(tokenizer, generator)
    words = sorted({word for text in texts for word in _words(text)[0]})

    def draw(number: int, most: int) -> list[int]:
        return torch.randint(most, (number,), generator=generator).tolist()

    def rare(text: str) -> str:
        parts, glue = _words(text)
        (place,), (piece,) = draw(1, len(parts) + 1), draw(1, len(pieces))
        return glue.join([*parts[:place], pieces[piece], *parts[place:]])

    def suffix(text: str) -> str:
        return " ".join([text, *(pieces[piece] for piece in draw(SUFFIX, len(pieces)))])

    def shuffled(text: str) -> str:
        parts, glue = _words(text)
        return glue.join(parts[index] for index in torch.randperm(len(parts), generator=generator).tolist())

    def improbable(text: str) -> str:
        parts, glue = _words(text)
        return glue.join(words[index] for index in draw(len(parts), len(words)))

    makers = {"rare word": rare, "random suffix": suffix, "shuffled words": shuffled, "improbable words": improbable}
    return {name: tuple(make(text) for text in texts) for name, make in makers.items()}


def _words(text: str) -> tuple[list[str], str]:
    parts = text.split()
    return (parts, " ") if len(parts) > 1 else (list(text.strip()), "")


def _pieces(tokenizer: PreTrainedTokenizerBase, generator: torch.Generator) -> list[str]:
    """What some of the tokenizer's ids read as alone, without special tokens and what is not a word."""
    ids = sorted(set(tokenizer.get_vocab().values()) - set(tokenizer.all_special_ids))
    some = torch.randperm(len(ids), generator=generator)[:PIECES].tolist()
    read = {tokenizer.decode([ids[index]]).strip() for index in some}
    return sorted(piece for piece in read if piece.isalpha())
