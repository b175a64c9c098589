"""The gate: every file of a checkpoint is kept, rebuilt, dropped or refused, and the record says which and why.

Two questions, two answers. *May this be used as it is?* The findings say: `refusal(record, fail_on)`. *Can it be
rebuilt?* `refusal(record)`: yes, if everything dangerous could be left behind; no, if the model itself needs it.

What the gate cannot examine it does not pass: a reader that crashes is a finding, a file without a reader is a finding,
a gate without readers does not run. Such findings say that nothing is known, not that something is wrong: where
they are all there is, the answer is `inconclusive`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sanitizer.checkpoint import Checkpoint, FileDigest, HubOrigin, LocalOrigin
from sanitizer.errors import CorruptError, IncompleteError, RefusedError, ResourceError, UnsupportedError, UsageError
from sanitizer.progress import Progress, silent, track
from sanitizer.report import SEVERITIES, Answer, FileRecord, Finding, Severity, VetRecord
from sanitizer.vet import budget, config, shards, weights
from sanitizer.vet.families import FAMILIES, Family
from sanitizer.vet.folder import HARD_LINK, LINK, SPECIAL, Entry, walk
from sanitizer.vet.inventory import (
    CONFIG,
    INDEX,
    PICKLED,
    Kind,
    bad_name,
    collisions,
    has_safetensors,
    kind,
    rebuilt_name,
)
from sanitizer.vet.leftovers import ADAPTER, ADAPTER_CONFIG, judge, of_training
from sanitizer.vet.legacy.look import look
from sanitizer.vet.magic import sniff_file
from sanitizer.vet.rules import Rule, Verdict, refused, shown
from sanitizer.vet.shapes import MISSING, SHAPE, fitting
from sanitizer.vet.sidecars import doubts
from sanitizer.vet.tied import APART, apart

CRASHED = Rule(
    "gate.crashed",
    "high",
    "a rule crashed on this file, so nothing is known about it",
    "do not use the model; report this file so that the rule can be mended",
    why="Crashing the checker is the oldest way past it, so a crash is never a pass.",
)
UNEXAMINED = Rule(
    "gate.unexamined",
    "high",
    "no rule looks into files of this kind",
    "run the gate with all of its rules",
    why="A file that no rule looked into may hold anything.",
)
INCOMPLETE = Rule(
    "gate.incomplete",
    "high",
    "the file could not be read to its end",
    "get the file again and run again",
    why="What was not read to its end may hold anything.",
)
UNREAD = Rule(
    "gate.unread",
    "high",
    "the model needs this file, and its bytes were not hashed before vetting",
    "nothing may be added to the folder while it is vetted; run again",
    why="Its bytes may change between vetting and loading without anybody noticing.",
    sources=("https://cwe.mitre.org/data/definitions/367.html",),
)
NOTHING = Rule(
    "gate.nothing",
    "high",
    "nothing was vetted",
    "name a folder or repository that holds a model",
    why="An empty answer must not be taken for a clean one.",
)
LIMIT = Rule(
    "gate.limit",
    "high",
    "vetting did not come to an end",
    "look at its largest files; on a larger machine, run again",
    why="A file that exhausts memory or time, or kills its reader, has not been vetted; servers would fare alike.",
    sources=("https://cwe.mitre.org/data/definitions/400.html",),
)
UNDECIDED = frozenset({ADAPTER.id, APART.id, MISSING.id, SHAPE.id})
"""Rules that say that nobody knows which weights would be used: a copy can be made, and so is not known either."""
UNKNOWN = frozenset({LIMIT.id, CRASHED.id, UNEXAMINED.id, INCOMPLETE.id}) | UNDECIDED
"""Rules that say no more than that something could not be checked."""


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
    if seen.stalled and all(finding.rule in UNKNOWN for finding in _blocking(seen.record)):
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
        entry.name: _guarded(entry.name, stalled, partial(_examine, checkpoint, entry, families))
        for entry in track(progress, "vet files", entries)
    }
    for finding in _together(checkpoint, verdicts, stalled, progress):
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


def answer(record: VetRecord, fail_on: Severity) -> Answer:
    """May it be used as it is? `refused` wins over `inconclusive`, which wins over `passed`."""
    against = refusal(record, fail_on)
    if against is None:
        return "passed"
    return "inconclusive" if all(finding.rule in UNKNOWN for finding in against.findings) else "refused"


def refusal(record: VetRecord, fail_on: Severity | None = None) -> RefusedError | None:
    """Why the checkpoint cannot be rebuilt or, with `fail_on`, may not be used as it is; None if nothing is against it.

    A file that is needed and refused always counts, and so does a record of nothing. What a policy waives does not.
    """
    doubts = _blocking(record)
    if not record.files:
        doubts += (NOTHING.finding("."),)
    if fail_on is not None:
        grave = SEVERITIES[SEVERITIES.index(fail_on) :]
        doubts += tuple(f for f in record.standing if f.severity in grave and f not in doubts)
    if not doubts:
        return None
    first, more = doubts[0], len(doubts) - 1
    tail = f" (and {more} more finding{'s' if more > 1 else ''})" if more else ""
    return RefusedError(f"{first.file}: {first.message} [{first.rule}]{tail}", findings=doubts, hint=first.hint)


def rebuild(
    checkpoint: Checkpoint,
    record: VetRecord,
    target: Path,
    *,
    progress: Progress = silent,
    families: Mapping[Kind, Family] = FAMILIES,
) -> Checkpoint:
    """Write what was kept or rebuilt into `target` (new or empty, made 0700), vet that, and return it.

    Bytes are held against their digest as they are opened. `rebuild` of what was rebuilt changes nothing.
    Raises UsageError for a target that holds something, RefusedError if the record refuses, CorruptError for bytes that
    changed or a record of another checkpoint, ResourceError if the copy cannot be written. No half-written copy stays.
    """
    against = refusal(record)
    if against is not None:
        raise against
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise UsageError(f"{target} is not empty", hint="name a new or an empty folder")
    target.chmod(0o700)
    carried = [file for file in record.files if file.fate in ("kept", "rebuilt")]
    try:
        for file in track(progress, "rebuild files", carried):
            _write(checkpoint, file, target, families)
        rebuilt = Checkpoint.of_folder(target, checkpoint.origin, [rebuilt_name(file.name) for file in carried])
        # Headers and settings were read before the bytes were copied; what lies in the private folder decides.
        against = refusal(vet(rebuilt, families=families))
        if against is not None:
            raise against
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise ResourceError(
            f"the vetted copy cannot be written ({error.strerror or type(error).__name__})",
            hint=f"check the space and the permissions of {target.parent}",
        ) from error
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return rebuilt


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


def _examine(checkpoint: Checkpoint, entry: Entry, families: Mapping[Kind, Family]) -> Verdict:
    rule = bad_name(entry.name) or {"link": LINK, "special": SPECIAL}.get(entry.what)
    if rule is not None:
        return refused(rule.finding(entry.name))
    if entry.what == "history":
        return Verdict("dropped", "version control, not part of the model; not looked into")
    of = kind(entry.name)
    if of is None or (of in PICKLED and has_safetensors(checkpoint.files)):
        return _left_behind(checkpoint.path / entry.name, entry)
    if entry.name not in checkpoint.files:
        return refused(UNREAD.finding(entry.name))
    if of not in families:
        return refused(UNEXAMINED.finding(entry.name))
    verdict = families[of].examine(checkpoint, entry.name)
    if entry.names > 1:
        return replace(verdict, findings=(*verdict.findings, HARD_LINK.finding(entry.name)))
    return verdict


def _left_behind(path: Path, entry: Entry) -> Verdict:
    if entry.what == "absent":
        return judge(entry.name, None)
    verdict = judge(entry.name, sniff_file(path), partial(look, path, training=of_training(entry.name)))
    return replace(verdict, findings=(*verdict.findings, *doubts(path, entry.name)))


def _together(
    checkpoint: Checkpoint, verdicts: Mapping[str, Verdict], stalled: list[IncompleteError], progress: Progress
) -> Iterator[Finding]:
    """What no file says by itself: names that collide, what a model must have, shards that agree, their numbers."""
    yield from collisions(verdicts)
    if ADAPTER_CONFIG in verdicts and CONFIG not in checkpoint.files:
        stalled.append(UnsupportedError(f"{ADAPTER_CONFIG}: {ADAPTER.text}", hint=ADAPTER.hint))
    else:
        yield from config.required(checkpoint)
        yield from weights.required(checkpoint, verdicts)
    parts = [name for name in verdicts if kind(name) in ("weights", "index", *PICKLED)]
    if not any(verdicts[name].fate == "refused" for name in parts):
        yield from _guarded(INDEX, stalled, partial(_agreed, checkpoint)).findings
        if CONFIG in verdicts and verdicts[CONFIG].fate == "rebuilt":
            yield from _guarded(CONFIG, stalled, partial(_affordable, checkpoint)).findings
            yield from _guarded(CONFIG, stalled, partial(_alike, checkpoint)).findings
        yield from _guarded(INDEX, stalled, partial(_numbers, checkpoint, progress)).findings


def _agreed(checkpoint: Checkpoint) -> Verdict:
    return Verdict("kept", "the index and the shards agree", tuple(shards.agree(checkpoint)))


def _affordable(checkpoint: Checkpoint) -> Verdict:
    return Verdict("rebuilt", "the files hold what the config asks for", tuple(budget.affordable(checkpoint)))


def _alike(checkpoint: Checkpoint) -> Verdict:
    return Verdict("rebuilt", "names and shapes are the config's", (*fitting(checkpoint), *apart(checkpoint)))


def _numbers(checkpoint: Checkpoint, progress: Progress) -> Verdict:
    from sanitizer.vet import values  # numpy takes as long to import as all the rest

    return Verdict("kept", "the weights are numbers", tuple(values.judge(checkpoint, progress=progress)))


def _guarded(file: str, stalled: list[IncompleteError], work: Callable[[], Verdict]) -> Verdict:
    """The verdict, or the finding that there is none. What could not be finished is kept in `stalled`."""
    try:
        return work()
    except RefusedError as error:
        return refused(*error.findings)
    except IncompleteError as error:
        stalled.append(error)
    except OSError as error:
        stalled.append(
            IncompleteError(
                f"{shown(file)} cannot be read ({error.strerror or type(error).__name__})",
                hint="check that it is still there and that you may read it",
            )
        )
    except Exception as error:
        stalled.append(IncompleteError(f"{shown(file)}: {CRASHED.text} ({type(error).__name__})", hint=CRASHED.hint))
        return refused(CRASHED.finding(file, type(error).__name__))
    return refused(INCOMPLETE.finding(file, stalled[-1].message))


def _record(digest: FileDigest | None, name: str, size: int, verdict: Verdict) -> FileRecord:
    """The digest is empty for what nobody hashed: dropped and refused files that are no part of the checkpoint."""
    return FileRecord(shown(name), size, digest.sha256 if digest else "", verdict.fate, verdict.reason)


def _blocking(record: VetRecord) -> tuple[Finding, ...]:
    """High findings on anything that was not dropped: the model needs it, or nothing is known about the whole."""
    dropped = {file.name for file in record.files if file.fate == "dropped"}
    found = tuple(f for f in record.findings if f.severity == "high" and f.file not in dropped)
    named = {finding.file for finding in found}
    silent_ones = (f for f in record.files if f.fate == "refused" and f.name not in named)
    return found + tuple(UNEXAMINED.finding(file.name, file.reason) for file in silent_ones)


def _write(checkpoint: Checkpoint, file: FileRecord, target: Path, families: Mapping[Kind, Family]) -> None:
    of, digest = kind(file.name), checkpoint.files.get(file.name)
    if of is None or digest is None or digest.sha256 != file.sha256:
        raise CorruptError(f"{shown(file.name)} was not vetted in this checkpoint", hint="vet it, then rebuild it")
    write, place = families[of].write, target / rebuilt_name(file.name)
    if file.fate == "kept" or write is None:
        checkpoint.copy(file.name, place)
    else:
        write(checkpoint, file.name, place)
