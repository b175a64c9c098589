"""The files of a claimed result, held against its own SHA256SUMS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from sanitizer.checkpoint import Checkpoint, FileDigest, LocalOrigin
from sanitizer.errors import GateError, IncompleteError
from sanitizer.hub.finished import SUMS, read_sums
from sanitizer.progress import Progress
from sanitizer.report import ClaimAnswer, ClaimRecord, FileRecord, RunReport
from sanitizer.source import LocalRef, parse_model
from sanitizer.vet.folder import walk
from sanitizer.vet.inventory import needed
from sanitizer.vet.rules import shown

REPORT, RECIPE, LOCK, CARD = "sanitizer/report.json", "sanitizer/recipe.yaml", "sanitizer/lock.json", "README.md"
PAGE, FIGURE = "sanitizer/report.html", "sanitizer/heads.svg"
PAPERS = frozenset({SUMS, REPORT, RECIPE, LOCK, CARD})
CAP = 1 << 20
"""Bytes of SHA256SUMS that are read."""
CLAIM = f"{SUMS} lists every file, and each is as listed"


@dataclass(frozen=True)
class Claimed:
    """Files that are here, hashed: those that are listed, the papers, and what a model needs."""

    checkpoint: Checkpoint
    listed: Checkpoint
    claim: ClaimRecord


def bring(model: str, revision: str | None, *, token: str | None, progress: Progress) -> Claimed:
    """Hash a folder, or fetch and hash one commit. Raises UsageError or HubError where there is nothing to look at."""
    ref = parse_model(model, revision)
    if isinstance(ref, LocalRef):
        entries = {entry.name: entry.what for entry in walk(ref.path)}
        sums, trouble = _sums(ref.path / SUMS if entries.get(SUMS) == "file" else None)
        wanted = sorted(name for name in _wanted(entries, sums) if entries[name] == "file")
        here = Checkpoint.of_folder(ref.path, LocalOrigin(ref.path.resolve().name), wanted, progress=progress)
        odd = {name for name, what in entries.items() if what not in ("file", "history")}
        return _compared(here, entries, odd, sums, trouble)
    from sanitizer.hub.download import download, resolve

    remote = resolve(ref, token=token)
    only = download(remote, lambda name: name == SUMS and remote.files[name].size <= CAP, token=token)
    sums, trouble = _sums(only.path / SUMS if SUMS in only.files else None)
    here = download(remote, _wanted(remote.files, sums).__contains__, token=token, progress=progress)
    return _compared(here, remote.files, set(), sums, trouble)


def _sums(path: Path | None) -> tuple[Mapping[str, str], str]:
    """What is listed, and what is wrong with the list itself."""
    if path is None or path.stat().st_size > CAP:
        return {}, ""
    try:
        return read_sums(path.read_bytes()), ""
    except GateError as error:
        return {}, error.message


def _wanted(names: Iterable[str], sums: Mapping[str, str]) -> frozenset[str]:
    there = frozenset(names)
    return there & (sums.keys() | PAPERS | needed(there))


def _compared(here: Checkpoint, names: Iterable[str], odd: set[str], sums: Mapping[str, str], trouble: str) -> Claimed:
    there = set(names)
    theirs = {name for name in there if _of_a_client(name)} - sums.keys()
    files: Mapping[str, FileDigest] = {name: digest for name, digest in here.files.items() if name in sums}
    listed = replace(here, files=MappingProxyType(dict(files)))
    wrong = [
        *([trouble] if trouble else []),
        *(f"{shown(name)} is missing" for name in sorted(sums.keys() - there)),
        *(f"{shown(name)} is not a plain file" for name in sorted(odd)),
        *(f"{shown(name)} has changed" for name, digest in sorted(files.items()) if digest.sha256 != sums[name]),
        *(f"{shown(name)} is not listed" for name in sorted(there - sums.keys() - odd - theirs - {SUMS})),
    ]
    answer: ClaimAnswer = "held"
    found = f"{len(files)} files, each as listed"
    if theirs:
        found += f"; not looked at: {', '.join(sorted(name.split('/')[0] for name in theirs))}, a client's own"
    if SUMS not in here.files:
        answer, found = "unknown", f"there is no {SUMS} that could be read, so nothing says which files belong to it"
    elif wrong:
        answer, found = "false", several(wrong)
    return Claimed(here, listed, ClaimRecord("files", CLAIM, answer, found))


def written_claim(here: Checkpoint, report: RunReport) -> ClaimRecord:
    """Whether what a model needs here is what the report says that the run wrote; its card is not the model's."""
    claim = "the files of the model are those that the run wrote"
    told = {file.name: file.sha256 for file in report.files}
    there = {name: digest.sha256 for name, digest in here.files.items() if name in needed(here.files) - {CARD}}
    wrong = [
        *(f"{shown(name)} is missing" for name in sorted(told.keys() - there.keys())),
        *(f"{shown(name)} was not written by it" for name in sorted(there.keys() - told.keys())),
        *(f"{shown(name)} is another" for name in sorted(told.keys() & there.keys()) if told[name] != there[name]),
    ]
    if wrong:
        return ClaimRecord("files", claim, "false", several(wrong))
    return ClaimRecord("files", claim, "held", f"{len(told)} files, of the digests in the report")


def unmoved(here: Checkpoint, files: Iterable[FileRecord]) -> None:
    """Raises IncompleteError if files that were read anew are not those that were hashed first."""
    now = {file.name: file.sha256 for file in files if file.sha256}
    moved = [name for name, digest in here.files.items() if now.get(name, digest.sha256) != digest.sha256]
    if moved:
        raise IncompleteError(f"{moved[0]} changed while it was checked", hint="copy the folder to a place of its own")


def several(texts: list[str], most: int = 3) -> str:
    """The first of some sentences, and how many more there are."""
    more = len(texts) - most
    return "; ".join(texts[:most]) + (f"; and {more} more" if more > 0 else "")


def _of_a_client(name: str) -> bool:
    """What git, a Hub or its client puts beside a model by itself."""
    return name in (".git", ".gitattributes") or name.startswith(".cache/huggingface/")
