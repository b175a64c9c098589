"""A repository at one commit: which files it has, how large they are and by which digest they can be recognised."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from huggingface_hub.hf_api import HfApi, RepoFile, RepoFolder

from sanitizer.checkpoint import CHUNK, FileDigest
from sanitizer.errors import CorruptError

COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class RemoteFile:
    """Size in bytes and the one digest the Hub knows: sha256 of a large (LFS) file, git's blob sha1 of a small one."""

    size: int
    sha256: str | None
    blob_sha1: str | None

    def matches(self, found: Fingerprint) -> bool:
        """False where any promise is broken, and where there is no digest to hold the file against."""
        if self.sha256 is None and self.blob_sha1 is None:
            return False
        return (
            self.size == found.digest.size
            and self.sha256 in (None, found.digest.sha256)
            and self.blob_sha1 in (None, found.blob_sha1)
        )


@dataclass(frozen=True)
class Fingerprint:
    """Both digests of some bytes, taken in one reading."""

    digest: FileDigest
    blob_sha1: str

    @classmethod
    def of(cls, path: Path) -> Fingerprint:
        """Read a file in constant memory."""
        size, sha256 = path.stat().st_size, hashlib.sha256()
        sha1 = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        read = 0
        with path.open("rb") as stream:
            while block := stream.read(CHUNK):
                sha256.update(block)
                sha1.update(block)
                read += len(block)
        return cls(FileDigest(read, sha256.hexdigest()), sha1.hexdigest())

    @classmethod
    def of_bytes(cls, data: bytes) -> Fingerprint:
        """Of bytes in memory."""
        sha1 = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False)
        return cls(FileDigest(len(data), hashlib.sha256(data).hexdigest()), sha1.hexdigest())


def list_files(api: HfApi, repo: str, commit: str) -> Mapping[str, RemoteFile]:
    """Every file of one commit. Raises CorruptError for a name that could lead out of a folder, before any is used."""
    entries = api.list_repo_tree(repo, revision=commit, recursive=True)
    return read_entries(entries, repo)


def read_entries(entries: Iterable[RepoFile | RepoFolder], repo: str) -> Mapping[str, RemoteFile]:
    """The files among tree entries, in order of name."""
    files: dict[str, RemoteFile] = {}
    for entry in entries:
        check_name(entry.path, repo)
        if not isinstance(entry, RepoFile):
            continue
        if entry.path in files:
            raise CorruptError(f"{repo} lists {entry.path} twice", hint="do not use this repository")
        size = entry.size if entry.lfs is None else entry.lfs.size
        if not isinstance(size, int) or size < 0:
            raise CorruptError(f"{repo} gives {entry.path} no size", hint="do not use this repository")
        oid = str(entry.blob_id if entry.lfs is None else entry.lfs.sha256)
        files[entry.path] = RemoteFile(
            size,
            oid if _SHA256.fullmatch(oid) else None,
            oid if COMMIT.fullmatch(oid) else None,
        )
    return MappingProxyType(dict(sorted(files.items())))


def check_name(name: object, repo: str) -> None:
    """Raise CorruptError unless `name` is a plain relative path: no `..`, no absolute path, nothing invisible."""
    if isinstance(name, str):
        plain = not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in name) and "\\" not in name
        parts = name.split("/")
        short = len(name) <= 1024 and all(len(part.encode(errors="replace")) <= 255 for part in parts)
        if plain and short and not re.match(r"[A-Za-z]:", name) and not {"", ".", ".."} & set(parts):
            return
    raise CorruptError(
        f"{repo} lists a file by the name {ascii(name)[:120]}, which is no plain relative path",
        hint="do not use this repository; nothing of it was downloaded",
    )
