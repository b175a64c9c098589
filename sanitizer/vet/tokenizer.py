"""What a tokenizer is made of: JSON settings, a vocabulary, lists of words, a sentencepiece model.

Settings are written anew. Vocabularies are carried byte for byte: their schema is not yet checked beyond what is said
here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sanitizer.checkpoint import Checkpoint
from sanitizer.report import Finding
from sanitizer.vet.hooks import screen
from sanitizer.vet.jsonstrict import SHAPE, SIZE, MiB, dump, read_object
from sanitizer.vet.magic import HEAD, sniff
from sanitizer.vet.rules import Rule, Verdict, refused

SETTINGS_CAP = 32 * MiB
VOCABULARY_CAP = 128 * MiB

TEMPLATE = Rule(
    "template.unexamined",
    "low",
    "a chat template is carried along; this version does not look into templates",
    "it runs, sandboxed by transformers, only when a chat is formatted; read it if you will do that",
    why="A template is a program that writes every prompt.",
)
PRETENDER = Rule(
    "files.pretender",
    "high",
    "the content is not what the name promises",
    "do not use this model",
    why="Tools that go by content open what a reader took for something else.",
    sources=("https://cwe.mitre.org/data/definitions/434.html",),
)


def examine_settings(checkpoint: Checkpoint, name: str) -> Verdict:
    """tokenizer_config.json and its kin. Raises RefusedError if it cannot be parsed."""
    document, findings = screen(read_object(checkpoint, name, SETTINGS_CAP), name)
    if any(finding.severity == "high" for finding in findings):
        return refused(*findings)
    findings += tuple(_templates(document, name))
    return Verdict("rebuilt", "strict JSON; written anew without paths, versions and hooks", findings)


def write_settings(checkpoint: Checkpoint, name: str, target: Path) -> None:
    """The settings, written anew. Writing what was written changes nothing."""
    document, _ = screen(read_object(checkpoint, name, SETTINGS_CAP), name)
    target.write_bytes(dump(document))


def examine_tokenizer(checkpoint: Checkpoint, name: str) -> Verdict:
    """tokenizer.json: an object with a model in it. Raises RefusedError otherwise."""
    document = read_object(checkpoint, name, VOCABULARY_CAP)
    if not isinstance(document.get("model"), dict):
        raise SHAPE.refuse(name, "no model")
    return Verdict("kept", "strict JSON with a tokenizer model")


def examine_vocabulary(checkpoint: Checkpoint, name: str) -> Verdict:
    """vocab.json and added_tokens.json: words to numbers. Raises RefusedError otherwise."""
    if not all(type(index) is int and index >= 0 for index in read_object(checkpoint, name, VOCABULARY_CAP).values()):
        raise SHAPE.refuse(name, "not a mapping from words to numbers")
    return Verdict("kept", "strict JSON, words to numbers")


def examine_words(checkpoint: Checkpoint, name: str) -> Verdict:
    """vocab.txt and merges.txt: text. Raises RefusedError otherwise."""
    _text(checkpoint, name)
    return Verdict("kept", "UTF-8 text")


def examine_template(checkpoint: Checkpoint, name: str) -> Verdict:
    """chat_template.jinja: text, not looked into. Raises RefusedError for what is not text."""
    _text(checkpoint, name)
    return Verdict("kept", "UTF-8 text; not looked into", (TEMPLATE.finding(name),))


def examine_pieces(checkpoint: Checkpoint, name: str) -> Verdict:
    """A sentencepiece model: not anything that we know to be something else. Raises RefusedError if it is."""
    _bytes(checkpoint, name)
    return Verdict("kept", "not recognised as anything but a tokenizer model")


def _text(checkpoint: Checkpoint, name: str) -> None:
    data = _bytes(checkpoint, name)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PRETENDER.refuse(name, f"byte {error.start} is not UTF-8 text") from error
    if b"\0" in data:
        raise PRETENDER.refuse(name, "a NUL byte in a text")


def _bytes(checkpoint: Checkpoint, name: str) -> bytes:
    size = checkpoint.files[name].size
    if size > VOCABULARY_CAP:
        raise SIZE.refuse(name, f"{size} bytes, at most {VOCABULARY_CAP} are read")
    data = checkpoint.read(name)
    content = sniff(data[:HEAD])
    if content != "other":
        raise PRETENDER.refuse(name, f"it is a {content}")
    return data


def _templates(document: dict[str, Any], name: str) -> Iterator[Finding]:
    if document.get("chat_template"):
        yield TEMPLATE.finding(name)
