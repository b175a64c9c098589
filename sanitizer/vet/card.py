"""The upstream card: a few fields of its front matter, each of a known form; its prose is never carried.

YAML is a program in disguise: aliases multiply (a merge key over aliases doubles per line), tags name classes, nesting
recurses. So events are counted before anything is composed, and aliases and explicit tags end the reading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import yaml

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import RefusedError
from sanitizer.report import Finding
from sanitizer.vet.jsonstrict import MiB
from sanitizer.vet.magic import HEAD, sniff
from sanitizer.vet.rules import Rule, Verdict
from sanitizer.vet.text import PRETENDER

CAP = MiB
MOST_FRONT_MATTER = 1 << 16
"""Bytes of front matter. Real cards with evaluation results stay below."""
MOST_EVENTS, DEEPEST, MOST_VALUES = 20_000, 20, 200

UNREADABLE = Rule(
    "card.unreadable",
    "low",
    "the model card's metadata cannot be read and was ignored",
    "licence, languages and base model are unknown here; look them up yourself",
    why="A broken or oversized front matter can stall or crash a reader; nothing here depends on it.",
)
TRICKS = Rule(
    "card.yaml-tricks",
    "medium",
    "the model card's metadata uses YAML aliases or tags, and was ignored",
    "no card needs them; look at what the author is doing there",
    why="Aliases multiply (a few lines can name billions of values) and tags name classes that a loader would build.",
    sources=("https://cwe.mitre.org/data/definitions/776.html",),
)

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_REPO = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,95}(?:/[A-Za-z0-9_][A-Za-z0-9._-]{0,95})?")
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/+-]{0,95}")
_LINK = re.compile(r"LICEN[SC]E(?:\.txt|\.md)?|https://[A-Za-z0-9.-]{1,100}(?:/[A-Za-z0-9._~/-]{0,200})?")
_ONE: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {"license": _WORD, "license_name": _WORD, "license_link": _LINK, "pipeline_tag": _WORD}
)
_MANY: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {"language": _WORD, "datasets": _REPO, "base_model": _REPO, "tags": _TAG}
)
_FRONT = re.compile(r"---[ \t]*\r?\n(.*?\r?\n)??---[ \t]*(?:\r?\n|\Z)", re.DOTALL)


Fields = Mapping[str, str | tuple[str, ...]]
"""license, license_name, license_link and pipeline_tag are one word; language, datasets, base_model and tags tuples."""


def read_card(data: bytes) -> Fields:
    """The allow-listed fields of a card; none if it is hostile or broken. Nothing is raised: `examine` says why."""
    try:
        return MappingProxyType(_allowed(_front_matter(data, "README.md")))
    except RefusedError:
        return MappingProxyType({})


def every_field(data: bytes) -> Mapping[str, Any]:
    """All fields of the card of somebody who may write what they like there; none if it is hostile or broken."""
    try:
        return MappingProxyType({str(key): value for key, value in _front_matter(data, "README.md").items()})
    except RefusedError:
        return MappingProxyType({})


def words_of(value: object) -> tuple[str, ...]:
    """A field as a tuple of words, whether it is one, several or nothing."""
    if isinstance(value, str):
        return (value,)
    return tuple(word for word in value if isinstance(word, str)) if isinstance(value, list | tuple) else ()


def examine(checkpoint: Checkpoint, name: str) -> Verdict:
    """The card is left behind in any case; its findings are those of reading it."""
    findings: tuple[Finding, ...] = ()
    if checkpoint.files[name].size > CAP:
        findings = (UNREADABLE.finding(name, f"{checkpoint.files[name].size} bytes"),)
    else:
        data = checkpoint.read(name)
        content = sniff(data[:HEAD])
        if content in ("executable", "pickle", "archive"):
            findings = (PRETENDER.finding(name, f"it is a {content}"),)
        try:
            _front_matter(data, name)
        except RefusedError as error:
            findings += error.findings
    return Verdict("dropped", "a few fields of its metadata are read; its text is not carried", findings)


def _front_matter(data: bytes, file: str) -> dict[Any, Any]:
    try:
        text = data[:CAP].decode("utf-8", errors="replace").removeprefix("\ufeff")
        front = _FRONT.match(text)
        if front is None or not front[1]:
            return {}
        if len(front[1]) > MOST_FRONT_MATTER:
            raise UNREADABLE.refuse(file, f"{len(front[1])} characters of metadata")
        _count(front[1], file)
        document = yaml.safe_load(front[1])
    # Not only YAMLError: dates and numbers that do not exist end in ValueError, deep nesting in RecursionError.
    except (yaml.YAMLError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
        raise UNREADABLE.refuse(file, type(error).__name__) from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise UNREADABLE.refuse(file, "it is not a mapping")
    return document


def _count(text: str, file: str) -> None:
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) or getattr(event, "anchor", None):
            raise TRICKS.refuse(file)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST or count > MOST_EVENTS:
            raise UNREADABLE.refuse(file, "it is nested too deep or too long")


def _allowed(document: dict[Any, Any]) -> dict[str, str | tuple[str, ...]]:
    fields: dict[str, str | tuple[str, ...]] = {}
    for key, form in _ONE.items():
        value = document.get(key)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str) and form.fullmatch(value):
            fields[key] = value
    for key, form in _MANY.items():
        value = document.get(key)
        values = value if isinstance(value, list) else [value]
        # YAML 1.1 reads the language code `no` as false.
        values = ["no" if key == "language" and word is False else word for word in values[:MOST_VALUES]]
        words = tuple(word for word in values if isinstance(word, str) and form.fullmatch(word))
        if words:
            fields[key] = words
    return fields
