"""Chat templates: programs that write every prompt. Parsed, never rendered; carried only if each part is on a list.

They live in five places: chat_template.jinja, additional_chat_templates/*.jinja, chat_template.json,
tokenizer_config.json and processor_config.json.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sanitizer.checkpoint import Checkpoint
from sanitizer.report import Finding, TemplateRecord
from sanitizer.vet.hooks import screen
from sanitizer.vet.jsonstrict import SHAPE, MiB, read_object
from sanitizer.vet.rules import Rule, Verdict, refused
from sanitizer.vet.text import read_text

KEY = "chat_template"
LONGEST = 1 << 18
"""Characters. The longest in use have about 30,000."""
PROCESSOR_CAP = 4 * MiB

_DROP = "leave it out with --drop-chat-template: nothing but the formatting of chats needs it"
_SANDBOX = "https://jinja.palletsprojects.com/en/stable/sandbox/"
SYNTAX = Rule(
    "template.syntax",
    "medium",
    "a chat template that cannot be parsed",
    _DROP,
    why="transformers cannot use it either, so it is broken or meant for something else.",
)
ESCAPE = Rule(
    "template.escape",
    "high",
    "a chat template reaches for what a sandbox must hide",
    f"do not use this model for chats; {_DROP}",
    why="Attributes with underscores, format strings and includes are how templates get out of a sandbox and run code; "
    "servers in other languages, and llama-cpp-python before 0.2.72, render templates without one.",
    sources=("https://nvd.nist.gov/vuln/detail/CVE-2024-34359", _SANDBOX),
)
UNKNOWN = Rule(
    "template.unknown",
    "medium",
    "a chat template uses something that is not on the list of what templates need",
    f"read it; if it is harmless, waive this finding, or {_DROP}",
    why="What is not on the list has not been thought about; filters and functions differ between renderers.",
    sources=(_SANDBOX,),
)
BOUNDS = Rule(
    "template.bounds",
    "high",
    "a chat template that can take very long or very much memory",
    _DROP,
    why="It is rendered for every request, so one line can stop a server.",
    sources=("https://cwe.mitre.org/data/definitions/400.html",),
)


def examine(checkpoint: Checkpoint, name: str) -> Verdict:
    """A template in a file of its own. Raises RefusedError for what is not text."""
    text = read_text(checkpoint, name)
    findings, record = judge(text, name, "default" if "/" not in name else Path(name).stem)
    if any(finding.severity == "high" for finding in findings):
        return refused(*findings)
    return Verdict("kept", "parsed; every part is on the list", findings, (record,))


def drop(checkpoint: Checkpoint, name: str) -> Verdict:
    """The template, left behind unread because the user said so: nobody will render it."""
    return Verdict("dropped", "left out by --drop-chat-template")


def examine_processor(checkpoint: Checkpoint, name: str) -> Verdict:
    """processor_config.json: no text model needs it, but loaders of processors take the template in it."""
    document = read_object(checkpoint, name, PROCESSOR_CAP)
    findings, records = judge_all(document, name)
    left = tuple(replace(record, carried=False) for record in records)
    return Verdict("dropped", "no text model needs it", (*screen(document, name)[1], *findings), left)


def judge_all(document: Mapping[str, Any], file: str) -> tuple[tuple[Finding, ...], tuple[TemplateRecord, ...]]:
    """The templates in settings: one text, or a list of named ones. Raises RefusedError for anything else."""
    found = [judge(text, file, name) for name, text in templates_in(document, file)]
    return tuple(f for findings, _ in found for f in findings), tuple(record for _, record in found)


def templates_in(document: Mapping[str, Any], file: str) -> Iterator[tuple[str, str]]:
    """Names and texts of the templates in settings. Raises RefusedError for what is neither text nor named texts."""
    yield from _templates(document.get(KEY), file)


def judge(text: str, file: str, name: str) -> tuple[tuple[Finding, ...], TemplateRecord]:
    """What is wrong with one template, and its digest."""
    record = TemplateRecord(file, name, hashlib.sha256(text.encode("utf-8")).hexdigest(), carried=True)
    if len(text) > LONGEST:
        return (BOUNDS.finding(file, f"{len(text)} characters"),), record
    from sanitizer.vet.jinja import doubts  # most checkpoints have no template, and need no parser for it

    return tuple(rule.finding(file, detail) for rule, detail in dict.fromkeys(doubts(text))), record


def _templates(value: Any, file: str) -> Iterator[tuple[str, str]]:
    match value:
        case None:
            return
        case str():
            yield "default", value
        case list():
            for entry in value:
                match entry:
                    case {"name": str(name), "template": str(text), **more} if not more:
                        yield name, text
                    case _:
                        raise SHAPE.refuse(file, "chat_template is no list of named templates")
        case dict():  # what chat_template.json of some processors holds
            for name, text in value.items():
                if not isinstance(text, str):
                    raise SHAPE.refuse(file, "chat_template is no mapping of names to templates")
                yield name, text
        case _:
            raise SHAPE.refuse(file, "chat_template is no text")
