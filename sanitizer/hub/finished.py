"""A finished folder, believed only as far as its own `sanitizer/SHA256SUMS` goes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sanitizer.errors import CorruptError, GateError
from sanitizer.hub.listing import Fingerprint, check_name

SUMS = "sanitizer/SHA256SUMS"


@dataclass(frozen=True)
class FinishedFolder:
    """A folder and the fingerprints of all its files, SHA256SUMS included."""

    path: Path
    files: Mapping[str, Fingerprint]


def verified(folder: Path) -> FinishedFolder:
    """Hash every file of the folder. Raises GateError for one that is missing, changed, not listed or a link."""
    sums = folder / SUMS
    if not sums.is_file():
        raise GateError(
            f"{folder} has no {SUMS}", hint="only a folder that sanitize has written to its end can be pushed"
        )
    raw = sums.read_bytes()
    listed = read_sums(raw)
    there = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if not _is_plain_dir(path)}
    files = {SUMS: Fingerprint.of_bytes(raw)}
    for name in sorted(there.keys() - listed.keys() - {SUMS}):
        raise not_as_listed(name, "is not listed")
    for name, sha256 in listed.items():
        path = there.get(name)
        if path is None:
            raise not_as_listed(name, "is missing")
        if path.is_symlink() or not path.is_file():
            raise not_as_listed(name, "is not a plain file")
        found = Fingerprint.of(path)
        if found.digest.sha256 != sha256:
            raise not_as_listed(name, "has changed")
        files[name] = found
    return FinishedFolder(folder, MappingProxyType(files))


def _is_plain_dir(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def read_sums(raw: bytes) -> dict[str, str]:
    """Names and sha256, from lines of `sha256sum`: 64 hex digits, two blanks, a relative name. Raises GateError."""
    listed: dict[str, str] = {}
    for line in raw.decode(errors="replace").splitlines():
        match = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        try:
            check_name(match[2] if match else None, SUMS)
        except CorruptError as error:
            raise GateError(f"{SUMS} is damaged at {ascii(line)[:80]}", hint="run sanitize again") from error
        if match is None or match[2] in listed or match[2] == SUMS:
            raise GateError(f"{SUMS} lists {ascii(line)[:80]} twice, or itself", hint="run sanitize again")
        listed[match[2]] = match[1]
    if not listed:
        raise GateError(f"{SUMS} lists nothing", hint="run sanitize again")
    return listed


def not_as_listed(name: str, why: str) -> GateError:
    """The refusal of one file."""
    return GateError(
        f"{name} {why}: the folder is not what {SUMS} says, so nothing was pushed",
        hint="run sanitize again, and change nothing in the folder before pushing it",
    )
