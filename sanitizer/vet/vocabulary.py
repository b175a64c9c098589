"""Words and their numbers: that they fit together, with the merges that join them and the tokens that were added."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from sanitizer.report import Finding
from sanitizer.vet.forms import count
from sanitizer.vet.rules import Rule
from sanitizer.vet.tokenizer_forms import LONGEST_WORD, TOKEN
from sanitizer.vet.tokenizer_parts import AGAIN, PART, settings

MOST_WORDS, LARGEST_ID = 1 << 21, 1 << 24

VOCABULARY = Rule(
    "tokenizer.vocabulary",
    "high",
    "words and their numbers do not fit together",
    AGAIN,
    why="A number that two words share, or that no embedding has, gives texts another meaning or crashes the model.",
)
MERGES = Rule(
    "tokenizer.merges",
    "high",
    "a merge joins words that the vocabulary does not have",
    AGAIN,
    why="The library refuses or panics; other readers skip the merge and split texts in another way.",
)
ADDED = Rule(
    "tokenizer.added-token",
    "medium",
    "an added token takes the place of a word of the vocabulary",
    "compare the tokenizer with that of the base model",
    why="Texts with that word then reach the model as something else than what it was trained on.",
)


def vocabulary(words: Mapping[str, Any], file: str) -> Iterator[Finding]:
    """Words to numbers: none negative, none shared, none absurd."""
    ids = words.values()
    if len(words) > MOST_WORDS:
        yield VOCABULARY.finding(file, f"{len(words)} words")
    elif not all(type(index) is int and 0 <= index <= LARGEST_ID for index in ids):
        yield VOCABULARY.finding(file, "a word without a number, or with one that no vocabulary has")
    elif len(set(ids)) != len(words):
        yield VOCABULARY.finding(file, "two words share a number")
    yield from _long(words, file)


def _long(words: Mapping[str, Any], file: str) -> Iterator[Finding]:
    longest = max(map(len, words), default=0)
    if longest > LONGEST_WORD:
        yield VOCABULARY.finding(file, f"a word of {longest} characters")


def scored(pieces: list[Any], unknown: Any, words: dict[str, int], file: str) -> Iterator[Finding]:
    """Unigram: words with their logarithms of probability, numbered by their place. Fills `words`."""
    if len(pieces) > MOST_WORDS:
        yield VOCABULARY.finding(file, f"{len(pieces)} words")
        return
    for index, piece in enumerate(pieces):
        match piece:
            case [str(text), int() | float() as score] if not isinstance(score, bool) and math.isfinite(score):
                words.setdefault(text, index)
            case _:
                yield VOCABULARY.finding(file, f"word {index} is no text with a score")
                return
    if unknown is not None and not (count(unknown) and 0 <= unknown < len(pieces)):
        yield VOCABULARY.finding(file, "there is no unknown word where unk_id points to")
    yield from _long(words, file)


def merges(model: Mapping[str, Any], words: Mapping[str, int], file: str) -> Iterator[Finding]:
    """BPE: each merge joins two words of the vocabulary into a third."""
    found = model["merges"]
    if len(found) > 2 * MOST_WORDS:
        yield MERGES.finding(file, f"{len(found)} merges")
        return
    cut = len(model.get("continuing_subword_prefix") or "")
    for merge in found:
        left, right = pair if (pair := halves(merge)) else ("", "")
        if pair is None or left not in words or right not in words or left + right[cut:] not in words:
            yield MERGES.finding(file, str(merge))
            return


def halves(merge: Any) -> tuple[str, str] | None:
    """The two words of a merge, written `a b` or `["a", "b"]`."""
    parts = merge.split(" ") if isinstance(merge, str) else merge
    match parts:
        case [str(left), str(right)]:
            return left, right
        case _:
            return None


def added(tokens: Any, words: Mapping[str, int], file: str) -> Iterator[Finding]:
    """Tokens beside the vocabulary: each with a number and a text of its own, none in the place of a word."""
    if not isinstance(tokens, list) or len(tokens) > MOST_WORDS:
        yield PART.finding(file, "added_tokens is no list of tokens")
        return
    for token in tokens:
        broken = next(settings(token, TOKEN, file, "an added token"), None)
        if broken is not None or not {"id", "content"} <= set(token):
            yield broken or PART.finding(file, "an added token without id or content")
            return
    ids, contents = {token["id"] for token in tokens}, {token["content"] for token in tokens}
    if len(ids) != len(tokens) or len(contents) != len(tokens) or not all(0 <= index <= LARGEST_ID for index in ids):
        yield VOCABULARY.finding(file, "two added tokens share a number or a text, or have an absurd number")
        return
    by_id = {index: text for text, index in words.items()} if ids & set(words.values()) else {}
    for token in tokens:
        if words.get(token["content"], token["id"]) != token["id"] or (
            by_id.get(token["id"], token["content"]) != token["content"]
        ):
            yield ADDED.finding(file, f"{token['content']!r} as number {token['id']}")
