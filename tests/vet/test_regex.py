"""Regular expressions: those of published tokenizers pass; those that take exponential time do not."""

from __future__ import annotations

import re
import time

import pytest

from sanitizer.vet.regex import LONGEST, explosive

# In the manner of GPT-2, GPT-4, Llama 3, o200k, BLOOM, DeepSeek and CLIP.
ORDINARY = [
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{M}]*[\p{Ll}\p{M}]+(?i:'s|'t|'re)?|\p{N}{1,3}| ?[^\s]+[\r\n/]*",
    r" ?[^(\s|[.,!?…。，、।۔،])]+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+",
    r"<\|startoftext\|>|<\|endoftext\|>|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    r" {2,}",
    r"\s+",
    r"[]a]+[^]b]*",
    r"(?=(\d{3}))",
    r"",
]
EXPLOSIVE = ["(a+)+$", "(a*)*", "(?:a|b+)*", "((a+)b)*", "(a+){2,}", "(a+){30}", r"(\w+\s?)*$", "(a|a)*$", "(a|ab?)+"]


@pytest.mark.parametrize("pattern", ORDINARY)
def test_ordinary(pattern: str) -> None:
    assert explosive(pattern) == ""


@pytest.mark.parametrize(
    "pattern",
    [
        *EXPLOSIVE,
        r"\s*\s*\s*x",
        "(?:(?:a{1,99}){1,99}){1,99}",
        r"(a)\1",
        r"\k<a>",
        "(a",
        "a)",
        "[a",
        "a" * (LONGEST + 1),
    ],
)
def test_refused(pattern: str) -> None:
    assert explosive(pattern)


def test_the_doubt_is_real() -> None:
    """Python's engine backtracks too: five more letters make it many times slower."""

    def seconds(letters: int) -> float:
        before = time.process_time()
        re.match("(a+)+$", "a" * letters + "b")
        return time.process_time() - before

    assert seconds(22) > 4 * seconds(17)
