"""Chat templates held against those of the model that this one was made from: same, other, or not known.

A template is a program that writes every prompt; one that says something else than the base's does so on purpose.
Nothing is inferred: where the base or its files cannot be had, the answer is `unknown`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from sanitizer.errors import RefusedError
from sanitizer.report import TemplateRecord
from sanitizer.vet.inventory import kind
from sanitizer.vet.jsonstrict import MiB, parse_object
from sanitizer.vet.template import templates_in

CAP = 32 * MiB
_SETTINGS = ("tokenizer_config.json", "chat_template.json", "processor_config.json")


def holds_templates(name: str) -> bool:
    """Whether a base's file is one of the five places in which templates are."""
    return kind(name) == "template" or name in _SETTINGS


def compared(
    records: Iterable[TemplateRecord], names: Iterable[str], read: Callable[[str], bytes]
) -> tuple[TemplateRecord, ...]:
    """The records with what holds against the base, whose files `read` gives. A file that is refused is not known."""
    found: dict[str, set[str]] = {}
    try:
        for name in filter(holds_templates, names):
            for title, digest in _digests(name, read(name)).items():
                found.setdefault(title, set()).add(digest)
    except (RefusedError, UnicodeDecodeError):
        return tuple(records)
    return tuple(
        replace(record, base="same" if record.sha256 in found.get(record.name, ()) else "differs") for record in records
    )


def _digests(name: str, data: bytes) -> Mapping[str, str]:
    if kind(name) == "template":
        title = "default" if "/" not in name else PurePosixPath(name).stem
        return {title: hashlib.sha256(data.decode("utf-8").encode("utf-8")).hexdigest()}
    texts = templates_in(parse_object(data, name), name)
    return {title: hashlib.sha256(text.encode("utf-8")).hexdigest() for title, text in texts}
