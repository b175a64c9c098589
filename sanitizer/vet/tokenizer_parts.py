"""One part of a tokenizer: whether the library has it, with these settings, and whether it would do harm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sanitizer.report import Finding
from sanitizer.vet.forms import Form
from sanitizer.vet.regex import explosive
from sanitizer.vet.rules import Rule
from sanitizer.vet.tokenizer_forms import MOST_PARTS, Parts, pattern, piece

DEEPEST = 8

AGAIN = "ask the author for a tokenizer.json that the tokenizers library wrote"
PART = Rule(
    "tokenizer.part",
    "high",
    "a part of the tokenizer that the tokenizers library does not have, or with settings it does not have",
    AGAIN,
    why="What is not on the list has not been thought about; newer parts may do what older ones could not.",
    sources=("https://huggingface.co/docs/tokenizers/components",),
)
REGEX = Rule(
    "tokenizer.regex",
    "high",
    "a regular expression of the tokenizer can take exponential time, or cannot be judged",
    "do not feed this tokenizer texts of others; " + AGAIN,
    why="The engine backtracks: a short text of a stranger can keep a server busy for hours.",
    sources=("https://cwe.mitre.org/data/definitions/1333.html",),
)
REPLACE = Rule(
    "tokenizer.replace",
    "medium",
    "the tokenizer rewrites words: it replaces letters or digits",
    "compare the tokenizer with that of the base model",
    why="A rewritten address, number or name reaches the model, or the user, as another one.",
)

_LISTS = frozenset({"normalizers", "pretokenizers", "processors", "decoders"})
_ESCAPED = re.compile(r"\\[pP]\{\^?\w+\}|\\x\{?[0-9A-Fa-f]+\}?|\\[A-Za-z]|\{[0-9]*,?[0-9]*\}")


def part(value: Any, parts: Parts, file: str, place: str, depth: int = 0) -> Iterator[Finding]:
    """Doubts about a part, or a sequence of them, at one place of the tokenizer."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str) or depth > DEEPEST:
        yield PART.finding(file, f"{place} is no part")
        return
    of, rest = value["type"], {key: inner for key, inner in value.items() if key != "type"}
    if of == "Sequence":
        lists = [key for key in rest if key in _LISTS and isinstance(rest[key], list)]
        if len(rest) != 1 or len(lists) != 1 or len(rest[lists[0]]) > MOST_PARTS:
            yield PART.finding(file, f"{place} is no sequence of parts")
            return
        for inner in rest[lists[0]]:
            yield from part(inner, parts, file, place, depth + 1)
        return
    if of not in parts:
        yield PART.finding(file, f"{place} {of}")
        return
    yield from settings(rest, parts[of], file, f"{place} {of}")
    if of == "TemplateProcessing" and not _template_fits(rest):
        yield PART.finding(file, f"{place} {of} with a token that it does not have")
    if of == "Prepend" and _says_something(rest.get("prepend")):
        yield REPLACE.finding(file, f"{place}: {rest['prepend']!r} before every text")
    found: Any = rest.get("pattern")
    if pattern(found):
        if "Regex" in found and (why := explosive(found["Regex"])):
            yield REGEX.finding(file, f"{why}: {found['Regex']}")
        if of == "Replace":
            yield from _replace(found, rest.get("content"), file, place)


def settings(value: Any, forms: Mapping[str, Form], file: str, place: str) -> Iterator[Finding]:
    """Doubts about settings: each is known and has a value of its kind, or none."""
    if not isinstance(value, dict):
        yield PART.finding(file, f"{place} is no object")
        return
    for key, inner in value.items():
        if key not in forms:
            yield PART.finding(file, f"{place} with {key}")
        elif inner is not None and not forms[key](inner):
            yield PART.finding(file, f"{key} of {place} has a value of another kind")


def _replace(pattern: Mapping[str, str], content: Any, file: str, place: str) -> Iterator[Finding]:
    said = _ESCAPED.sub("", pattern["Regex"]) if "Regex" in pattern else pattern["String"]
    if _says_something(said) or _says_something(content):
        yield REPLACE.finding(file, f"{place}: {next(iter(pattern.values()))!r} becomes {content!r}")


def _template_fits(settings: Mapping[str, Any]) -> bool:
    """Whether each special token of the steps is declared: the library panics on one that is not."""
    lists = (settings.get(key) for key in ("single", "pair"))
    steps = [step for steps in lists if isinstance(steps, list) for step in steps]
    named = {step["SpecialToken"]["id"] for step in steps if piece(step) and "SpecialToken" in step}
    declared = settings.get("special_tokens")
    return isinstance(declared, dict) and named <= set(declared)


def _says_something(text: Any) -> bool:
    return isinstance(text, str) and re.search(r"[^\W_]", text) is not None
