"""Which files a model needs, by exact name. Everything else is left behind, and never downloaded."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.progress import Progress, silent
from sanitizer.report import Finding
from sanitizer.vet.folder import walk
from sanitizer.vet.rules import Rule

Kind = Literal[
    "config",
    "generation",
    "weights",
    "index",
    "pickle",
    "pickle-index",
    "tokenizer",
    "settings",
    "vocabulary",
    "words",
    "pieces",
    "template",
    "processor",
    "licence",
    "card",
]

PICKLED: frozenset[Kind] = frozenset({"pickle", "pickle-index"})
"""Weights as torch.save writes them: needed only where there are no safetensors."""

CONFIG, INDEX, CARD = "config.json", "model.safetensors.index.json", "README.md"
PICKLED_INDEX = "pytorch_model.bin.index.json"

_NAMES: Mapping[str, Kind] = MappingProxyType(
    {
        CONFIG: "config",
        "generation_config.json": "generation",
        "model.safetensors": "weights",
        INDEX: "index",
        "pytorch_model.bin": "pickle",
        PICKLED_INDEX: "pickle-index",
        "tokenizer.json": "tokenizer",
        "tokenizer_config.json": "settings",
        "special_tokens_map.json": "settings",
        "added_tokens.json": "vocabulary",
        "chat_template.json": "settings",
        "chat_template.jinja": "template",
        "processor_config.json": "processor",
        "vocab.json": "vocabulary",
        "vocab.txt": "words",
        "merges.txt": "words",
        "spiece.model": "pieces",
        "spm.model": "pieces",
        "tokenizer.model": "pieces",
        "sentencepiece.bpe.model": "pieces",
        CARD: "card",
    }
)
_SHARD = re.compile(r"model-[0-9]{5,6}-of-[0-9]{5,6}\.safetensors")
_TEMPLATE = re.compile(r"additional_chat_templates/[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\.jinja")
_PICKLED_SHARD = re.compile(r"pytorch_model-[0-9]{5,6}-of-[0-9]{5,6}\.bin")
_PICKLED = re.compile(r"pytorch_model(-[0-9]{5,6}-of-[0-9]{5,6})?\.bin(\.index\.json)?")
# Cyrillic and Greek letters that look like Latin ones.
_LOOKS = str.maketrans("аеорсухіјѕһԁԛԝкмтνοιαρ", "aeopcyxijshdqwkmtvoiap")
_LICENCE = re.compile(r"(?:LICEN[SC]E|NOTICE)(?:[-_][A-Za-z0-9_-]{1,40})?(?:\.txt|\.md)?")

HIDDEN_NAME = Rule(
    "files.hidden-characters",
    "high",
    "the name of a file holds characters that cannot be seen, or that some systems drop",
    "names like this exist to deceive the reader; do not use this model",
    why="A right-to-left override shows `exe.txt` where `txt.exe` lies.",
    sources=("https://nvd.nist.gov/vuln/detail/CVE-2021-42574",),
)
TRAVERSAL = Rule(
    "files.traversal",
    "high",
    "the name of a file leads out of its folder",
    "a name like this writes over files elsewhere; do not use this model",
    why="Whoever unpacks or copies the files by name writes outside of the folder.",
    sources=("https://cwe.mitre.org/data/definitions/22.html",),
)
LOOKALIKE = Rule(
    "files.lookalike",
    "high",
    "the name looks like that of a model's file, in letters of another script",
    "names like this exist to deceive the reader; do not use this model",
    why="Whoever looks at the folder takes it for the file that is loaded, or for one that was vetted.",
    sources=("https://www.unicode.org/reports/tr39/",),
)
COLLISION = Rule(
    "files.case-collision",
    "high",
    "two files have names that are one name where case, or how accents are written, does not count",
    "which of them is loaded depends on the disk; remove one",
    why="On a disk that ignores it one overwrites the other, so that what was vetted is not what is read.",
    sources=("https://cwe.mitre.org/data/definitions/178.html",),
)


def kind(name: str) -> Kind | None:
    """What a file is for, or None if no model needs it. Names are compared exactly."""
    if _SHARD.fullmatch(name):
        return "weights"
    if _PICKLED_SHARD.fullmatch(name):
        return "pickle"
    if _TEMPLATE.fullmatch(name):
        return "template"
    return _NAMES.get(name) or ("licence" if _LICENCE.fullmatch(name) else None)


def wanted(name: str) -> bool:
    """Whether a model needs a file of this name, whatever lies beside it."""
    return kind(name) not in (None, *PICKLED)


def needed(names: Iterable[str]) -> frozenset[str]:
    """Those that a model needs, and a downloader may fetch: pickled weights only where there are no safetensors."""
    there = tuple(names)
    pickled = not has_safetensors(there)
    return frozenset(name for name in there if wanted(name) or (pickled and kind(name) in PICKLED))


def has_safetensors(names: Iterable[str]) -> bool:
    """Whether any of them is weights in safetensors, or their index."""
    return any(kind(name) in ("weights", "index") for name in names)


def weight_files(names: Iterable[str]) -> tuple[str, ...]:
    """The files that hold the tensors, in order of name: those in safetensors or, where there are none, the pickled."""
    there = tuple(names)
    of: Kind = "weights" if has_safetensors(there) else "pickle"
    return tuple(sorted(name for name in there if kind(name) == of))


def rebuilt_name(name: str) -> str:
    """What a file is called in the rebuilt folder: pickled weights become safetensors, the rest keeps its name."""
    match = _PICKLED.fullmatch(name)
    return f"model{match[1] or ''}.safetensors{match[2] or ''}" if match else name


def of_the_model(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint without files that are at hand for nothing but a look into them."""
    names = needed(checkpoint.files)
    files = {name: digest for name, digest in checkpoint.files.items() if name in names}
    return replace(checkpoint, files=MappingProxyType(files))


def open_local(path: Path, *, progress: Progress = silent) -> Checkpoint:
    """The files of a local folder that a model needs, hashed. Links are not followed and devices not opened.

    Everything else that lies there is found again by the gate. Raises UsageError for what is not a folder, and
    IncompleteError for what cannot be read.
    """
    names = needed(entry.name for entry in walk(path) if entry.what == "file")
    return Checkpoint.of_folder(path, LocalOrigin(path.resolve().name), names, progress=progress)


def bad_name(name: str) -> Rule | None:
    """The rule that a name breaks by itself."""
    if not name.isprintable() or "\ufffd" in name:
        return HIDDEN_NAME
    parts = name.replace("\\", "/").split("/")
    if any(part != part.strip() or (part.endswith(".") and part.strip(".")) for part in parts):
        return HIDDEN_NAME
    if ":" in name and kind(name.partition(":")[0]) is not None:  # a stream of that file, where Windows is
        return HIDDEN_NAME
    if not name.isascii() and kind(_plain(name)) is not None:
        return LOOKALIKE
    outside = {"", ".", ".."} & set(parts) or "\\" in name or re.match(r"[A-Za-z]:", name)
    return TRAVERSAL if outside else None


def _plain(name: str) -> str:
    """The name in Latin letters, as it looks."""
    return unicodedata.normalize("NFKC", name).translate(_LOOKS)


def collisions(names: Iterable[str]) -> Iterator[Finding]:
    """One finding for each name that differs from another in case alone."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[unicodedata.normalize("NFC", name).casefold()].append(name)
    for group in groups.values():
        if len(group) > 1:
            yield from (COLLISION.finding(name, ", ".join(sorted(group))) for name in group)
