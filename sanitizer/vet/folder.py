"""What lies in a local folder, found without following links and without opening anything."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sanitizer.errors import IncompleteError, UsageError
from sanitizer.vet.rules import Rule

MOST_ENTRIES = 100_000
DEEPEST = 32

LINK = Rule(
    "files.link",
    "high",
    "a symbolic link, which may lead to any file of this machine",
    "copy the folder with its links resolved (cp -rL) after looking where they lead; "
    "for a model in the Hugging Face cache, write hf://org/name",
    why="Reading, hashing or packing the folder would take in, or publish, a file that is no part of the model.",
    sources=("https://cwe.mitre.org/data/definitions/61.html",),
)
SPECIAL = Rule(
    "files.special",
    "high",
    "a device, pipe or socket, not a file",
    "remove it, then run again",
    why="Reading a pipe or a device can block for ever or act on the machine.",
)
HARD_LINK = Rule(
    "files.hard-link",
    "low",
    "the file has another name on this disk, so somebody may change it from there",
    "copy the folder to a place of its own if others write to this machine",
    why="The bytes can be changed through the other name after vetting.",
    sources=("https://cwe.mitre.org/data/definitions/62.html",),
)
TOO_MANY = Rule(
    "files.too-many",
    "high",
    f"the folder holds more than {MOST_ENTRIES:,} files",
    "name the folder of one model, the one in which its config.json lies",
    why="Listing and hashing them would take hours; nobody publishes a model like this.",
    sources=("https://cwe.mitre.org/data/definitions/400.html",),
)


TOO_DEEP = Rule(
    "files.too-deep",
    "high",
    f"folders within folders, more than {DEEPEST} deep",
    "name the folder of one model, the one in which its config.json lies",
    why="Tools that walk such a folder run out of stack or of path length; no model is laid out like this.",
    sources=("https://cwe.mitre.org/data/definitions/674.html",),
)


@dataclass(frozen=True)
class Entry:
    """One thing in a folder: POSIX name relative to it, what it is, size in bytes, and names it has on the disk.

    `absent` is a file that a repository lists and nobody fetched.
    """

    name: str
    what: Literal["file", "link", "special", "history", "absent"]
    size: int = 0
    names: int = 1


def walk(path: Path) -> Iterator[Entry]:
    """Everything below `path`, in order of name. A `.git` folder is one entry: its content is no part of a model.

    Raises UsageError for what is not a folder, IncompleteError for what cannot be read or holds too much.
    """
    if not path.is_dir():
        raise UsageError(f"there is no folder {path}", hint="name a folder that holds a config.json")
    try:
        for count, entry in enumerate(_walk(path, "")):
            if count >= MOST_ENTRIES:
                raise TOO_MANY.refuse(".")
            yield entry
    except OSError as error:
        raise IncompleteError(
            f"the folder cannot be read ({error.strerror or type(error).__name__})",
            hint="check its permissions and that nothing else writes to it",
        ) from error


def _walk(folder: Path, prefix: str) -> Iterator[Entry]:
    if prefix.count("/") > DEEPEST:
        raise TOO_DEEP.refuse(prefix.partition("/")[0])
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        name = prefix + entry.name
        info = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(info.st_mode):
            yield Entry(name, "link")
        elif stat.S_ISDIR(info.st_mode):
            if entry.name == ".git":
                yield Entry(name, "history")
            else:
                yield from _walk(folder / entry.name, f"{name}/")
        elif stat.S_ISREG(info.st_mode):
            yield Entry(name, "file", info.st_size, info.st_nlink)
        else:
            yield Entry(name, "special")
