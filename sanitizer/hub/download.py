"""Bring one commit of a Hub repository onto this machine, and let no byte pass that is not what the Hub promised.

`resolve` turns a revision into a commit; everything after it asks by that commit, so a revision that moves meanwhile
changes nothing. Files go through the ordinary Hugging Face cache, which is also what answers when there is no network.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from huggingface_hub import constants, get_session, hf_hub_download, hf_hub_url, hf_raise_for_status
from huggingface_hub.hf_api import HfApi
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # documented, not in __all__
from huggingface_hub.utils.tqdm import tqdm

from sanitizer.checkpoint import Checkpoint, FileDigest, HubOrigin
from sanitizer.errors import CorruptError, HubError, ResourceError
from sanitizer.hub import cache
from sanitizer.hub.failures import explain, hub_failures, patiently, unreachable
from sanitizer.hub.listing import COMMIT, Fingerprint, RemoteFile, list_files
from sanitizer.progress import Progress, silent
from sanitizer.source import HubRef

ANSWER_WITHIN = 20.0
"""Seconds to wait for the first answer of a Hub."""


@dataclass(frozen=True)
class RemoteCheckpoint:
    """One commit of a repository and its files. `cached` tells that no Hub was asked: the local cache answered."""

    repo: str
    revision: str
    commit: str
    files: Mapping[str, RemoteFile]
    cached: bool = False

    @property
    def origin(self) -> HubOrigin:
        """Where a checkpoint made of it comes from."""
        return HubOrigin(self.repo, self.commit, self.revision)


def resolve(ref: HubRef, *, token: str | None = None) -> RemoteCheckpoint:
    """Ask which commit a revision is, and what that commit holds. Nothing is downloaded.

    Without a network (or with HF_HUB_OFFLINE) the local cache answers if it has that revision.
    Raises HubError when neither can, and CorruptError for a listing with a name that is no plain relative path.
    """
    revision = ref.revision or constants.DEFAULT_REVISION
    api = HfApi(endpoint=constants.ENDPOINT, token=token)
    with hub_failures(ref.repo, revision):
        try:
            # Only the commit is asked for: the client would parse the card's metadata, which is the author's.
            info = patiently(lambda: api.model_info(ref.repo, revision=revision, expand=["sha"], timeout=ANSWER_WITHIN))
        except Exception as error:
            if not unreachable(error):
                raise
            kept = cache.snapshot(ref.repo, revision)
            if kept is None:
                raise explain(error, ref.repo, revision) from error
            return RemoteCheckpoint(ref.repo, revision, kept.commit, kept.files, cached=True)
        commit = str(info.sha)
        if not COMMIT.fullmatch(commit):
            raise HubError(f"{ref.repo} at {revision} has no commit", hint="push something to it first")
        return RemoteCheckpoint(ref.repo, revision, commit, list_files(api, ref.repo, commit))


def download(
    remote: RemoteCheckpoint, wanted: Callable[[str], bool], *, token: str | None = None, progress: Progress = silent
) -> Checkpoint:
    """Fetch the files that `wanted` accepts and hold each against the size and digest the Hub promised.

    The checkpoint's folder is the cache's snapshot, whose files are links into its blobs.
    Raises ResourceError before anything is fetched if the disk is too small, CorruptError for a file that is not what
    it should be (it is then removed from the cache), and HubError for what the network does.
    """
    names = [name for name in remote.files if wanted(name)]
    _demand_digests(remote, names)
    _make_room(remote, names)
    total = sum(remote.files[name].size for name in names)
    digests: dict[str, FileDigest] = {}
    done = 0
    progress("download", 0, total)
    for name in names:
        meter = _meter(progress, done, total)
        digests[name] = _fetch(remote, name, token, meter)
        done += remote.files[name].size
        progress("download", done, total)
    if not remote.cached:
        cache.remember(remote.repo, remote.revision, remote.commit)
    folder = cache.folder(remote.repo) / "snapshots" / remote.commit
    return Checkpoint(folder, remote.origin, MappingProxyType(digests))


def peek(remote: RemoteCheckpoint, name: str, cap: int, *, token: str | None = None) -> bytes:
    """One small file (at most `cap` bytes) by commit, verified, and not written anywhere.

    Raises CorruptError for a file that is missing, larger than `cap`, or not what the Hub promised.
    """
    promised = remote.files.get(name)
    if promised is None:
        raise CorruptError(f"{remote.repo} has no {name}", hint="name a repository that holds a transformers model")
    if promised.size > cap:
        raise CorruptError(
            f"{name} of {remote.repo} has {promised.size} bytes, and no honest one has more than {cap}",
            hint="do not use this repository",
        )
    kept = cache.folder(remote.repo) / "snapshots" / remote.commit / name
    with hub_failures(remote.repo, remote.revision):
        if kept.is_file():
            with kept.open("rb") as stream:
                data = stream.read(cap + 1)
        else:
            data = patiently(lambda: _read(remote, name, cap, token))
    if not promised.matches(Fingerprint.of_bytes(data)):
        raise _not_as_promised(remote, name)
    return data


def _read(remote: RemoteCheckpoint, name: str, cap: int, token: str | None) -> bytes:
    url = hf_hub_url(remote.repo, name, revision=remote.commit, endpoint=constants.ENDPOINT)
    headers = {**build_hf_headers(token=token), "Accept-Encoding": "identity"}
    data = b""
    with get_session().stream("GET", url, headers=headers, timeout=ANSWER_WITHIN) as response:
        hf_raise_for_status(response)
        for block in response.iter_bytes():
            data += block
            if len(data) > cap:
                break
    return data


def _fetch(remote: RemoteCheckpoint, name: str, token: str | None, meter: type[tqdm]) -> FileDigest:
    """One file into the cache, verified. What a spoilt cache holds is fetched once more; a wrong answer is not."""
    promised = remote.files[name]
    place = cache.folder(remote.repo) / "snapshots" / remote.commit / name
    blob = cache.folder(remote.repo) / "blobs" / str(promised.sha256 or promised.blob_sha1)
    was_there = place.exists() or blob.exists()
    while True:
        with hub_failures(remote.repo, remote.revision):
            patiently(
                lambda: hf_hub_download(
                    remote.repo,
                    name,
                    revision=remote.commit,
                    token=token,
                    endpoint=constants.ENDPOINT,
                    cache_dir=constants.HF_HUB_CACHE,
                    tqdm_class=meter,
                )
            )
            found = Fingerprint.of(place)
        if promised.matches(found):
            return found.digest
        cache.forget(remote.repo, remote.commit, name)
        if not was_there or remote.cached:
            raise _not_as_promised(remote, name)
        was_there = False


def _not_as_promised(remote: RemoteCheckpoint, name: str) -> CorruptError:
    return CorruptError(
        f"{name} of {remote.repo} is not the file that commit {remote.commit[:12]} promises (size or digest differs)",
        hint="it was removed from the cache; run again, and if it stays do not use this repository",
    )


def _demand_digests(remote: RemoteCheckpoint, names: list[str]) -> None:
    for name in names:
        if remote.files[name].sha256 is None and remote.files[name].blob_sha1 is None:
            raise CorruptError(
                f"nothing tells the true digest of {name} of {remote.repo}",
                hint="fetch it again with a network and a cache that may hold symbolic links",
            )


def _make_room(remote: RemoteCheckpoint, names: list[str]) -> None:
    snapshot = cache.folder(remote.repo) / "snapshots" / remote.commit
    missing = sum(remote.files[name].size for name in names if not (snapshot / name).exists())
    disk = cache.root()
    while not disk.exists():
        disk = disk.parent
    free = shutil.disk_usage(disk).free
    if missing > free:
        raise ResourceError(
            f"{remote.repo} needs {missing / 1e9:.2f} GB more, and the Hub cache's disk has {free / 1e9:.2f} GB free",
            hint="free some space, or set HF_HOME to a larger disk",
        )


def _meter(progress: Progress, before: int, total: int) -> type[tqdm]:
    """What the client takes for a progress bar, telling ours how many bytes have arrived."""

    class Meter(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})  # type: ignore[no-untyped-call]
            self.arrived = 0

        def update(self, n: float | None = 1) -> None:
            self.arrived += int(n or 0)
            progress("download", min(before + self.arrived, total), total)

    return Meter
