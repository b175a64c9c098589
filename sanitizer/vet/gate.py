"""The gate: every file of a checkpoint is kept, rebuilt, dropped or refused, and the record says which and why.

What the gate cannot examine it does not pass: a reader that crashes is a finding, a file without a reader is a finding,
a gate without readers does not run. Such findings say that nothing is known, not that something is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from sanitizer.checkpoint import Checkpoint, FileDigest, HubOrigin, LocalOrigin
from sanitizer.errors import IncompleteError
from sanitizer.progress import Progress, silent, track
from sanitizer.report import FileRecord, VetRecord
from sanitizer.vet.examine import examine, guarded
from sanitizer.vet.families import FAMILIES, Family
from sanitizer.vet.folder import Entry, walk
from sanitizer.vet.inventory import Kind, bad_name
from sanitizer.vet.judgement import UNKNOWN, blocking
from sanitizer.vet.rules import Verdict, refused, shown
from sanitizer.vet.together import together


@dataclass(frozen=True)
class Survey:
    """Every file and every doubt, and the errors of what could not be examined to its end."""

    record: VetRecord
    stalled: tuple[IncompleteError, ...]


def vet(
    checkpoint: Checkpoint,
    listed: Mapping[str, FileDigest] | None = None,
    *,
    progress: Progress = silent,
    families: Mapping[Kind, Family] = FAMILIES,
) -> VetRecord:
    """The record of `survey`, if everything could be examined.

    Raises IncompleteError (CorruptError, UnsupportedError) where a file could not be examined to its end and nothing
    else refuses the checkpoint: a refusal wins.
    """
    return settled(survey(checkpoint, listed, progress=progress, families=families))


def settled(seen: Survey) -> VetRecord:
    """The record of a survey, if nothing is open. Raises what `vet` raises."""
    if seen.stalled and all(finding.rule in UNKNOWN for finding in blocking(seen.record)):
        raise seen.stalled[0]
    return seen.record


def survey(
    checkpoint: Checkpoint,
    listed: Mapping[str, FileDigest] | None = None,
    *,
    progress: Progress = silent,
    families: Mapping[Kind, Family] = FAMILIES,
) -> Survey:
    """Classify every file. `listed` are files of the repository that were never downloaded; their digest
    may be unknown (empty).

    A local folder is walked again, so that what is not part of the checkpoint is recorded too; it must not be written
    to meanwhile. Raises IncompleteError for a gate without rules, and for a folder that cannot be walked.
    """
    if not families:
        raise IncompleteError("there are no rules to vet with", hint="a gate without rules would let everything pass")
    stalled: list[IncompleteError] = []
    entries = list(_entries(checkpoint, listed or {}))
    verdicts = {
        entry.name: guarded(entry.name, stalled, partial(examine, checkpoint, entry, families))
        for entry in track(progress, "vet files", entries)
    }
    for finding in together(checkpoint, verdicts, stalled, progress):
        before = verdicts.get(finding.file, refused(finding))
        findings = (*(before.findings if finding.file in verdicts else ()), finding)
        if finding.severity == "high":
            before = replace(before, fate="refused", reason=finding.message)
        verdicts[finding.file] = replace(before, findings=findings)
    sizes = {entry.name: entry.size for entry in entries}
    digests = {**(listed or {}), **checkpoint.files}
    record = VetRecord(
        tuple(_record(digests.get(name), name, sizes[name], verdicts[name]) for name in sorted(sizes)),
        tuple(finding for name in sorted(verdicts) for finding in verdicts[name].findings),
        tuple(template for name in sorted(verdicts) for template in verdicts[name].templates),
    )
    return Survey(record, tuple(stalled))


def _entries(checkpoint: Checkpoint, listed: Mapping[str, FileDigest]) -> Iterator[Entry]:
    """Everything that must be accounted for, each name once."""
    seen: set[str] = set()
    if isinstance(checkpoint.origin, LocalOrigin):
        for entry in walk(checkpoint.path):
            seen.add(entry.name)
            yield entry
    for name, digest in checkpoint.files.items():
        if name not in seen:
            seen.add(name)
            yield Entry(name, "link" if _strays(checkpoint, name) else "file", digest.size)
    yield from (Entry(name, "absent", file.size) for name, file in listed.items() if name not in seen)


def _strays(checkpoint: Checkpoint, name: str) -> bool:
    """Whether a link leads out of where it belongs: the Hub's cache is made of links into the repository's blobs."""
    if bad_name(name) is not None:
        return False
    home = checkpoint.path.resolve()
    homes = (home, home.parent.parent / "blobs") if isinstance(checkpoint.origin, HubOrigin) else (home,)
    return not any((home / name).resolve().is_relative_to(place) for place in homes)


def _record(digest: FileDigest | None, name: str, size: int, verdict: Verdict) -> FileRecord:
    """The digest is empty for what nobody hashed: dropped and refused files that are no part of the checkpoint."""
    return FileRecord(shown(name), size, digest.sha256 if digest else "", verdict.fate, verdict.reason)
