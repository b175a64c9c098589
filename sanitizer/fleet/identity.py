"""What a model is, so that the same question need not be asked of it twice: its commit, or everything in its folder."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sanitizer.checkpoint import digest_file
from sanitizer.errors import SanitizerError
from sanitizer.source import HubRef, LocalRef, ModelRef
from sanitizer.vet.folder import walk

COMMIT = re.compile(r"[0-9a-f]{40}")
AT_A_TIME = 8
"""Questions to a Hub."""


def folder_digest(path: Path) -> str:
    """sha256 over the name, kind and content of everything that vetting could look at.

    No link is followed and no device opened. Raises what `walk` raises, OSError for a file that cannot be read.
    """
    listed = [
        (entry.name, entry.what, digest_file(path / entry.name).sha256 if entry.what == "file" else "")
        for entry in walk(path)
    ]
    return hashlib.sha256(json.dumps(listed).encode("utf-8", "surrogateescape")).hexdigest()


def commit_of(ref: HubRef, token: str | None) -> str | None:
    """The commit that a revision is now; None if no Hub says. One that is written in full is believed."""
    if ref.revision is not None and COMMIT.fullmatch(ref.revision):
        return ref.revision
    from sanitizer.hub.download import resolve

    try:
        return resolve(ref, token=token).commit
    except SanitizerError:  # whoever does the work asks again, and reports what the Hub says
        return None


def commits_of(refs: Iterable[HubRef], token: str | None) -> dict[HubRef, str | None]:
    """All of them, several at a time."""
    asked = tuple(refs)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return dict(zip(asked, pool.map(lambda ref: commit_of(ref, token), asked), strict=True))


def identity_of(ref: ModelRef, token: str | None) -> str | None:
    """Commit or digest; None if it cannot be told."""
    match ref:
        case HubRef():
            return commit_of(ref, token)
        case LocalRef(path=path):
            try:
                return folder_digest(path)
            except (SanitizerError, OSError):
                return None
