"""What the loopback Hub remembers: repositories, their commits, their large objects and their pull requests.

Names of blobs are git's and git-lfs's own: a small file is known by `sha1("blob <size>\\0" + bytes)`, a large one by
its sha256, so that a test can compare with `git hash-object` and `sha256sum`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LFS_SUFFIXES = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".parquet", ".onnx", ".msgpack")


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def pointer(data: bytes) -> bytes:
    """The text that git keeps in place of a large file."""
    oid = hashlib.sha256(data).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n".encode()


def is_lfs(name: str) -> bool:
    return name.endswith(LFS_SUFFIXES)


def entry(name: str, data: bytes) -> dict[str, Any]:
    """One line of the tree listing."""
    line: dict[str, Any] = {"type": "file", "path": name, "size": len(data), "oid": git_sha1(data)}
    if is_lfs(name):
        kept = pointer(data)
        line["oid"] = git_sha1(kept)
        line["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": len(kept)}
    return line


@dataclass(frozen=True)
class Commit:
    oid: str
    files: Mapping[str, bytes]
    parent: str | None
    title: str
    description: str = ""


@dataclass
class PullRequest:
    num: int
    title: str
    description: str
    status: str = "open"
    is_pull_request: bool = True
    comments: list[str] = field(default_factory=list)


@dataclass
class Repo:
    """One repository. `lies` replaces fields of a file's tree entry; `extra` adds entries no commit has."""

    kind: str
    name: str
    private: bool = False
    gated: bool = False
    granted: set[str] = field(default_factory=set)
    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    lies: dict[str, dict[str, Any]] = field(default_factory=dict)
    extra: list[dict[str, Any]] = field(default_factory=list)

    def commit(
        self,
        files: Mapping[str, bytes],
        *,
        deleted: tuple[str, ...] = (),
        ref: str = "main",
        title: str = "a commit",
        description: str = "",
    ) -> Commit:
        """Put `files` on top of `ref` (which is made from main if it is new)."""
        parent = self.refs.get(ref) or self.refs.get("main")
        now = {} if parent is None else dict(self.commits[parent].files)
        for gone in deleted:
            now = {name: data for name, data in now.items() if name != gone and not name.startswith(f"{gone}/")}
        now.update(files)
        seed = repr((parent, ref, len(self.commits), title, sorted((n, git_sha1(d)) for n, d in now.items())))
        made = Commit(hashlib.sha1(seed.encode(), usedforsecurity=False).hexdigest(), now, parent, title, description)
        self.commits[made.oid] = made
        self.refs[ref] = made.oid
        return made

    def resolve(self, revision: str) -> Commit | None:
        return self.commits.get(self.refs.get(revision, revision))

    def open_pull(self, title: str, description: str) -> PullRequest:
        num = len(self.pulls) + 1
        self.pulls[num] = PullRequest(num, title, description)
        self.refs[f"refs/pr/{num}"] = self.refs["main"]
        return self.pulls[num]

    def tree(self, commit: Commit) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = []
        folders = {name.rsplit("/", 1)[0] for name in commit.files if "/" in name}
        lines += [{"type": "directory", "path": f, "size": 0, "oid": git_sha1(f.encode())} for f in sorted(folders)]
        for name, data in sorted(commit.files.items()):
            lines.append({**entry(name, data), **self.lies.get(name, {})})
        return lines + self.extra
