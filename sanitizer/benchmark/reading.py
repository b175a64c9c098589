"""Words of a suite, checked one by one: keys, names, numbers, lists, and paths relative to the suite's file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sanitizer.errors import UsageError
from sanitizer.plugins import unknown

MOST_SEED = 2**32 - 1
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._/+-]{0,63}")


def check_keys(kind: str, words: Mapping[Any, Any], known: tuple[str, ...], needed: tuple[str, ...]) -> None:
    """Raises UsageError for a key that is not known, guessing which was meant, and for one that is missing."""
    for key in words:
        if key not in known:
            raise unknown(kind, str(key), known)
    for key in needed:
        if key not in words:
            raise UsageError(f"{kind} {key!r} is missing", hint=f"needed: {', '.join(needed)}")


def check_twins(kind: str, words: list[str]) -> None:
    """Raises UsageError for a word that is there twice."""
    for word in words:
        if words.count(word) > 1:
            raise UsageError(f"the {kind} {word} is there twice", hint="victims and recipes share one set of names")


def name_of(word: object, what: str) -> str:
    """A name as people and files can carry it. Raises UsageError."""
    if not isinstance(word, str) or not _NAME.fullmatch(word):
        raise UsageError(f"{what} cannot be {word!r}", hint="a letter first, then letters, digits and any of . _ / + -")
    return word


def number(word: object, what: str, *, least: int = 0, most: int | None = None) -> int:
    """A whole number within bounds. Raises UsageError."""
    good = isinstance(word, int) and not isinstance(word, bool) and word >= least and (most is None or word <= most)
    if not good:
        upper = "" if most is None else f" to {most}"
        raise UsageError(f"{what} cannot be {word!r}", hint=f"a whole number from {least}{upper}")
    return int(str(word))


def listed(words: object, what: str) -> list[object]:
    """A list with something in it. Raises UsageError."""
    if not isinstance(words, list) or not words:
        raise UsageError(f"{what} must be a list with something in it", hint=f"write `{what}:` and lines with dashes")
    return words


def _path(here: Path, word: object, what: str) -> Path:
    if not isinstance(word, str):
        raise UsageError(f"{what} cannot be {word!r}", hint="a path, relative to the suite's file")
    return (here / Path(word).expanduser()).resolve()


def file_at(here: Path, word: object, what: str) -> Path:
    """A file that is there. Raises UsageError."""
    path = _path(here, word, what)
    if not path.is_file():
        raise UsageError(f"{what}: there is no file {word}", hint=f"paths are relative to {here.resolve()}")
    return path


def model_at(here: Path, word: object, what: str) -> Path:
    """A folder with a model in it. Raises UsageError."""
    path = _path(here, word, what)
    if not (path / "config.json").is_file():
        raise UsageError(
            f"{what}: {word} is no folder with a model",
            hint=f"paths are relative to {here.resolve()}; download models of a Hub first",
        )
    return path
