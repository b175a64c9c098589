"""The list of a fleet: a lock file (`models.lock`), or a text file with a model in each line.

::

    # what our services load
    org/model
    org/other@v2        # a branch, a tag or a commit
    ./models/reviews    # a folder, as seen from where the command is given
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sanitizer.errors import UsageError
from sanitizer.lockfile import CAP, read_lock
from sanitizer.source import HubRef, LocalRef, ModelRef, parse_model
from sanitizer.text import clean

LOCKED = ".lock"
_COMMENT = re.compile(r"(^|\s)#.*")


@dataclass(frozen=True)
class Entry:
    """One line: the model it names, and what a report calls that, which is no path outside of the working folder."""

    name: str
    ref: ModelRef
    line: int

    @property
    def whole(self) -> str:
        """What it names, in one spelling."""
        match self.ref:
            case HubRef(repo=repo, revision=revision):
                return f"{repo}@{revision or 'main'}"
            case LocalRef(path=path):
                return str(path.resolve())

    @property
    def stem(self) -> str:
        """The name of its folder: readable, another for every model and revision, the same wherever it is listed."""
        match self.ref:
            case HubRef(repo=repo, revision=revision):
                name = f"{repo}-{(revision or 'main')[:12]}"
            case LocalRef(path=path):
                name = path.resolve().name
        readable = re.sub(r"[^A-Za-z0-9.+-]+", "-", name).strip("-.")[:60]
        return f"{readable or 'model'}-{hashlib.sha256(self.whole.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def read_list(path: Path) -> tuple[Entry, ...]:
    """The entries, in their order. Raises UsageError, with the line, for what is no model and for one that is twice."""
    entries = _unlike(tuple(_locked(path) if path.suffix == LOCKED else _listed(path)))
    if not entries:
        raise UsageError(f"{path} names no model", hint="write org/name, org/name@revision or a folder in each line")
    seen: dict[str, int] = {}
    for entry in entries:
        if entry.stem in seen:
            raise UsageError(
                f"{path}:{entry.line} names the model of line {seen[entry.stem]} again", hint="once will do"
            )
        seen[entry.stem] = entry.line
    return entries


def _locked(path: Path) -> Iterator[Entry]:
    for locked in read_lock(path):
        yield Entry(f"{locked.repo}@{locked.commit[:12]}", HubRef(locked.repo, locked.commit), locked.line)


def _listed(path: Path) -> Iterator[Entry]:
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= CAP else None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the list {path} cannot be read ({type(error).__name__})", hint="name a text file") from error
    if text is None:
        raise UsageError(f"the list {path} is larger than {CAP} bytes", hint="name a text file, a model in each line")
    for number, line in enumerate(text.splitlines(), start=1):
        word = _COMMENT.sub("", line).strip()
        if word:
            try:
                yield _entry(word, number)
            except UsageError as error:
                raise UsageError(f"{path}:{number}: {error.message}", hint=error.hint) from error


def _entry(word: str, number: int) -> Entry:
    ref = parse_model(word)
    match ref:
        case HubRef(repo=repo, revision=revision):
            return Entry(repo if revision is None else f"{repo}@{revision}", ref, number)
        case LocalRef(path=path):
            inside = not path.is_absolute() and ".." not in path.parts and not word.startswith("~")
            return Entry(clean(path.as_posix() if inside else path.resolve().name) or "model", ref, number)


def _unlike(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Of folders with one name, each with its line."""
    names = [entry.name for entry in entries]
    return tuple(
        replace(entry, name=f"{entry.name} (line {entry.line})") if names.count(entry.name) > 1 else entry
        for entry in entries
    )
