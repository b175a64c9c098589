"""`sanitize vet`: may a checkpoint be used as it is? And, where a copy is asked for, what can be rebuilt of it.

Nothing here imports torch, and the Hub's client only if the model is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import sanitizer
from sanitizer.checkpoint import Checkpoint, HubOrigin, LocalOrigin
from sanitizer.errors import IncompleteError, RefusedError, UsageError
from sanitizer.intake import CARD, base_meant, examine, fetch, name_of, today
from sanitizer.lockfile import Locked, lock_text, read_lock
from sanitizer.options import BY_CARD, VetOptions
from sanitizer.output import check_place, demand_room, put_in_place, workspace
from sanitizer.progress import Progress, silent
from sanitizer.report import Severity, VetRecord, VetReport
from sanitizer.source import LocalRef, parse_model
from sanitizer.vet.base import CAP as TEMPLATES
from sanitizer.vet.base import compared, holds_templates
from sanitizer.vet.card import read_card
from sanitizer.vet.families import families
from sanitizer.vet.folder import walk
from sanitizer.vet.inventory import of_the_model
from sanitizer.vet.isolated import Worker
from sanitizer.vet.judgement import UNDECIDED, answer, refusal
from sanitizer.vet.policy import apply, read_policy
from sanitizer.vet.process import Process
from sanitizer.vet.rebuild import rebuild

FAIL_ON: Severity = "medium"


def vet(options: VetOptions, *, progress: Progress = silent, process: Process | None = None) -> VetReport:
    """Examine every file. What could not be examined makes the answer `inconclusive`, or `refused`, never `passed`.

    With `options.rebuild`, the rebuilt copy is put there in one move if everything dangerous could be left behind,
    whatever the answer is; else nothing is written. `process` is a worker that waits already. Raises UsageError for a
    place that must not be written to, HubError where the files cannot be had, ResourceError for a full disk, or for a
    sandbox that is required and cannot be had.
    """
    ref = parse_model(options.model, options.revision)
    if options.rebuild is not None:
        check_place(options.rebuild, force=options.force, source=ref.path if isinstance(ref, LocalRef) else None)
    gate = options.gate
    policy = read_policy(gate.policy) if gate.policy is not None else None
    fail_on = gate.fail_on or (policy and policy.fail_on) or FAIL_ON
    with Worker(process) as worker:
        fetched, left = fetch(options.model, options.revision, pickles=True, token=options.token, progress=progress)
        seen = examine(worker, fetched, left, gate, progress)
    rules = families(drop_chat_template=gate.drop_chat_template)
    record = seen.record if policy is None else apply(seen.record, policy, fetched, today=today())
    card = read_card(fetched.read(CARD)) if CARD in fetched.files else {}
    record = _against_base(record, options, card)
    rebuildable = refusal(record) is None
    if options.rebuild is not None and rebuildable:
        size = sum(file.size for file in of_the_model(fetched).files.values())
        with workspace(options.rebuild) as work:
            demand_room(work, size, "a rebuilt copy needs")
            rebuild(fetched, record, work / "built", progress=progress, families=rules)
            put_in_place(work / "built", options.rebuild, force=options.force)
    origin = fetched.origin
    return VetReport(
        sanitizer=sanitizer.__version__,
        source=name_of(fetched),
        revision=origin.revision if isinstance(origin, HubOrigin) else None,
        commit=origin.commit if isinstance(origin, HubOrigin) else None,
        digest=of_the_model(fetched).digest,
        vetting=record,
        fail_on=fail_on,
        answer=answer(record, fail_on),
        rebuildable=rebuildable,
        unknown=(
            *(error.message for error in seen.stalled),
            *(f"{doubt.file}: {doubt.message}" for doubt in record.standing if doubt.rule in UNDECIDED),
        ),
    )


def _against_base(record: VetRecord, options: VetOptions, card: Mapping[str, Any]) -> VetRecord:
    """The record, its templates compared with those of the base that the user names.

    Only files with templates are read, and what cannot be had leaves the answer unknown. The base that a card names is
    asked for only by the user's word: nothing that a stranger writes starts a connection.
    """
    if not record.templates or options.base is None:
        return record
    try:
        ref = parse_model(base_meant(options.base, card))
    except UsageError:
        if options.base == BY_CARD:  # it names none, and nothing is known
            return record
        raise
    try:
        if isinstance(ref, LocalRef):
            names = [entry.name for entry in walk(ref.path) if entry.what == "file" and holds_templates(entry.name)]
            there = Checkpoint.of_folder(ref.path, LocalOrigin(ref.path.name), names)
            templates = compared(record.templates, names, there.read)
        else:
            from sanitizer.hub.download import peek, resolve

            remote = resolve(ref, token=options.token)
            templates = compared(
                record.templates, remote.files, lambda name: peek(remote, name, TEMPLATES, token=options.token)
            )
    except (IncompleteError, RefusedError, OSError):
        return record
    return replace(record, templates=templates)


def vet_locked(
    path: Path, options: VetOptions, *, progress: Progress = silent, process: Process | None = None
) -> tuple[VetReport, ...]:
    """The answer for each model of a lock file. One that cannot be had is inconclusive, and the others are vetted.

    Raises UsageError for a file that is no lock file.
    """
    reports = []
    for locked in read_lock(path):
        one = replace(options, model=f"hf://{locked.repo}", revision=locked.commit)
        try:
            reports.append(vet(one, progress=progress, process=process))
        except IncompleteError as error:
            reports.append(_unknown(locked, options.gate.fail_on or FAIL_ON, error))
        process = None  # it answers once
    return tuple(reports)


def lock(models: Iterable[str], *, token: str | None = None) -> str:
    """The text of a lock file with the commit that each model is at now. Raises UsageError for a local folder."""
    from sanitizer.hub.download import resolve

    pinned = []
    for model in models:
        ref = parse_model(model)
        if isinstance(ref, LocalRef):
            raise UsageError(f"{model} is a folder, and has no commit", hint="name a model of the Hub")
        remote = resolve(ref, token=token)
        pinned.append((remote.repo, remote.commit, remote.revision))
    return lock_text(pinned)


def _unknown(locked: Locked, fail_on: Severity, error: IncompleteError) -> VetReport:
    return VetReport(
        sanitizer=sanitizer.__version__,
        source=locked.repo,
        revision=locked.revision,
        commit=locked.commit,
        digest="",
        vetting=VetRecord((), ()),
        fail_on=fail_on,
        answer="inconclusive",
        rebuildable=False,
        unknown=(error.message,),
    )
