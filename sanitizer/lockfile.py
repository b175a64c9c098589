"""models.lock: which models a project uses, each pinned to a commit, one in each line so that a line can be pointed at.

::

    org/model@0123456789abcdef0123456789abcdef01234567  # main
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sanitizer.errors import UsageError
from sanitizer.source import HubRef

CAP = 1 << 20
_LINE = re.compile(r"(\S+)@([0-9a-f]{40})(?:\s+#\s*(\S+))?")
_HEAD = "# Models by commit, written by `sanitize lock`; `sanitize vet --lock FILE` vets them all.\n"


@dataclass(frozen=True)
class Locked:
    """One model: its repository, the commit it is pinned to, the revision it was asked by, and the line it is in."""

    repo: str
    commit: str
    revision: str
    line: int


def read_lock(path: Path) -> tuple[Locked, ...]:
    """The models of a lock file. Raises UsageError for a file that is missing, empty, or has a line of another form."""
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= CAP else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the lock file {path} cannot be read ({type(error).__name__})", hint="name a file") from error
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise UsageError(
                f"{path}:{number} is not of the form org/name@commit", hint="write it with `sanitize lock`"
            )
        found.append(Locked(HubRef(match[1]).repo, match[2], match[3] or "main", number))
    if not found:
        raise UsageError(f"{path} names no model", hint="write it with `sanitize lock org/name`")
    return tuple(found)


def lock_text(pinned: Iterable[tuple[str, str, str]]) -> str:
    """The file for (repository, commit, revision), in order of name. `read_lock` reads it back."""
    return _HEAD + "".join(f"{repo}@{commit}  # {revision}\n" for repo, commit, revision in sorted(set(pinned)))
