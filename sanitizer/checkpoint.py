"""A checkpoint is a folder of files by digest: what was vetted is what gets loaded, or nothing does."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sanitizer.errors import CorruptError
from sanitizer.progress import Progress, silent

CHUNK = 1 << 20


@dataclass(frozen=True)
class FileDigest:
    """Size in bytes and lowercase hex sha256 of one file."""

    size: int
    sha256: str


@dataclass(frozen=True)
class LocalOrigin:
    """A folder on this machine; `name` is its last part and the only thing a report may show."""

    name: str


@dataclass(frozen=True)
class HubOrigin:
    """One commit of a Hub repository. `revision` is what the user asked for, `commit` the 40-hex answer."""

    repo: str
    commit: str
    revision: str = "main"


Origin = LocalOrigin | HubOrigin


def digest_file(path: Path) -> FileDigest:
    """Hash a regular file in constant memory. Symlinks are followed: callers decide which links they accept."""
    sha, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while block := stream.read(CHUNK):
            sha.update(block)
            size += len(block)
    return FileDigest(size, sha.hexdigest())


@dataclass(frozen=True)
class Checkpoint:
    """A folder, where it came from, and the digest of each of its files (POSIX paths relative to `path`)."""

    path: Path
    origin: Origin
    files: Mapping[str, FileDigest]

    @classmethod
    def of_folder(cls, path: Path, origin: Origin, names: Iterable[str], *, progress: Progress = silent) -> Checkpoint:
        """Hash the named files of `path`."""
        files: dict[str, FileDigest] = {}
        ordered = sorted(names)
        for done, name in enumerate(ordered, start=1):
            files[name] = digest_file(path / name)
            progress("hash files", done, len(ordered))
        return cls(path, origin, MappingProxyType(files))

    @property
    def digest(self) -> str:
        """One sha256 for the whole: over `sha256  name` lines in order of name, the format of SHA256SUMS."""
        return hashlib.sha256(self.sums().encode()).hexdigest()

    def sums(self) -> str:
        """The files as `sha256sum --check` reads them."""
        return "".join(f"{digest.sha256}  {name}\n" for name, digest in sorted(self.files.items()))

    def read(self, name: str) -> bytes:
        """The bytes of one file. Raises CorruptError if they are not the bytes that were hashed."""
        data = (self.path / name).read_bytes()
        self.check(name, FileDigest(len(data), hashlib.sha256(data).hexdigest()))
        return data

    def copy(self, name: str, target: Path, *, durable: bool = True) -> None:
        """Copy one file to `target`, hashing on the way. Raises CorruptError, leaving no target, if it changed.

        `durable` waits until the disk has it; a copy that is read once and removed need not wait.
        """
        sha, size = hashlib.sha256(), 0
        target.parent.mkdir(parents=True, exist_ok=True)
        with (self.path / name).open("rb") as source, target.open("xb") as sink:
            while block := source.read(CHUNK):
                sha.update(block)
                size += len(block)
                sink.write(block)
            if durable:
                sink.flush()
                os.fsync(sink.fileno())
        try:
            self.check(name, FileDigest(size, sha.hexdigest()))
        except CorruptError:
            target.unlink()
            raise

    def verify(self) -> None:
        """Hash every file again. Raises CorruptError for the first that changed."""
        for name in self.files:
            self.check(name, digest_file(self.path / name))

    def check(self, name: str, found: FileDigest) -> None:
        """Raises CorruptError if a file, as `found` now, is not what was hashed."""
        if found != self.files[name]:
            raise CorruptError(
                f"{name} changed after it was vetted",
                hint="something else writes to this folder; copy it to a place of its own and run again",
            )
