"""The Hugging Face cache as it lies on disk: `models--org--name/{refs,blobs,snapshots/<commit>/<file> -> ../../blobs}`.

A blob is named by its digest (sha256 of a large file, git's sha1 of a small one), so what lies there can be verified
without a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from huggingface_hub import constants
from huggingface_hub.file_download import repo_folder_name

from sanitizer.hub.listing import COMMIT, RemoteFile, check_name

SHA256_HEX = 64


@dataclass(frozen=True)
class Snapshot:
    """The files of one commit that have been fetched before."""

    commit: str
    files: Mapping[str, RemoteFile]


def root() -> Path:
    """Where all repositories lie; read anew each time, because HF_HOME decides."""
    return Path(constants.HF_HUB_CACHE).expanduser().resolve()


def folder(repo: str) -> Path:
    """Where one model repository lies."""
    return root() / repo_folder_name(repo_id=repo, repo_type="model")


def snapshot(repo: str, revision: str) -> Snapshot | None:
    """What the cache holds of a revision, or None if it has never seen it."""
    base = folder(repo)
    commit = revision
    if not COMMIT.fullmatch(revision):
        ref = base / "refs" / revision
        if not ref.is_file():
            return None
        commit = ref.read_text().strip()
    home = base / "snapshots" / commit
    if not COMMIT.fullmatch(commit) or not home.is_dir():
        return None
    files: dict[str, RemoteFile] = {}
    for place in sorted(home.rglob("*")):
        if place.is_file():
            name = place.relative_to(home).as_posix()
            check_name(name, repo)
            files[name] = _named_by_its_blob(place)
    return Snapshot(commit, MappingProxyType(files))


def remember(repo: str, revision: str, commit: str) -> None:
    """Note which commit a revision was, as the client does when it is asked by revision instead of by commit."""
    ref = folder(repo) / "refs" / revision
    if revision != commit:
        ref.parent.mkdir(parents=True, exist_ok=True)
        ref.write_text(commit)


def forget(repo: str, commit: str, name: str) -> None:
    """Remove one file and the blob behind it, so that nobody uses it next time."""
    place = folder(repo) / "snapshots" / commit / name
    chain = [place]
    while chain[-1].is_symlink():
        chain.append(chain[-1].parent / chain[-1].readlink())
    for link in chain:
        if link.parent.resolve().is_relative_to(root()):
            link.unlink(missing_ok=True)


def _named_by_its_blob(place: Path) -> RemoteFile:
    """A copy instead of a link (a cache without symlinks) bears no digest: it cannot be verified and will not pass."""
    blob = place.readlink().name if place.is_symlink() else ""
    hexadecimal = all(c in "0123456789abcdef" for c in blob)
    return RemoteFile(
        place.stat().st_size,
        blob if hexadecimal and len(blob) == SHA256_HEX else None,
        blob if COMMIT.fullmatch(blob) else None,
    )
