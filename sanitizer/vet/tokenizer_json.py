"""tokenizer.json: each part and each of its settings from a list, vocabularies and merges that fit together.

The parts are those of the tokenizers library (https://huggingface.co/docs/tokenizers); it panics, or takes minutes, on
some files that are valid JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sanitizer.checkpoint import Checkpoint
from sanitizer.report import Finding
from sanitizer.vet.jsonstrict import read_object
from sanitizer.vet.rules import Verdict, refused
from sanitizer.vet.text import CAP
from sanitizer.vet.tokenizer_forms import MODELS, PADDING, SECTIONS, TRUNCATION
from sanitizer.vet.tokenizer_parts import PART, part, settings
from sanitizer.vet.vocabulary import added, merges, scored, vocabulary

_TOP = frozenset({"version", "truncation", "padding", "added_tokens", "model", *SECTIONS})


def examine(checkpoint: Checkpoint, name: str) -> Verdict:
    """Kept if every part is on the list. Raises RefusedError for what is not strict JSON."""
    document = read_object(checkpoint, name, CAP)
    findings = tuple(_doubts(document, name))
    if any(finding.severity == "high" for finding in findings):
        return refused(*findings)
    return Verdict("kept", "strict JSON; every part of the tokenizer is on the list", findings)


def _doubts(document: Mapping[str, Any], file: str) -> Iterator[Finding]:
    yield from (PART.finding(file, key) for key in document if key not in _TOP)
    if document.get("version", "1.0") != "1.0":
        yield PART.finding(file, f"version {document['version']}")
    for key, forms in (("truncation", TRUNCATION), ("padding", PADDING)):
        if document.get(key) is not None:
            yield from settings(document[key], forms, file, key)
    for key, parts in SECTIONS.items():
        if document.get(key) is not None:
            yield from part(document[key], parts, file, key)
    model = document.get("model")
    if not isinstance(model, dict):
        yield PART.finding(file, "there is no model")
        return
    words: dict[str, int] = {}
    of = _type_of(model)
    if of not in MODELS:
        yield PART.finding(file, f"model {of}")
        return
    yield from settings({key: value for key, value in model.items() if key != "type"}, MODELS[of], file, "model")
    broken: list[Finding] = []
    if isinstance(model.get("vocab"), dict):
        words = model["vocab"]
        broken += vocabulary(words, file)
    elif isinstance(model.get("vocab"), list):
        broken += scored(model["vocab"], model.get("unk_id"), words, file)
    yield from broken
    if broken:  # what is said about its words would mean nothing
        return
    if of == "BPE" and isinstance(model.get("merges"), list):
        yield from merges(model, words, file)
    yield from added(document.get("added_tokens", []), words, file)


def _type_of(model: Mapping[str, Any]) -> str:
    """Files of the library's first years do not say it."""
    if "type" in model:
        return str(model["type"])
    if "merges" in model:
        return "BPE"
    if isinstance(model.get("vocab"), list):
        return "Unigram"
    return "WordPiece" if "max_input_chars_per_word" in model else "WordLevel"
