"""From the user's word for a model to a vetted, rebuilt folder: fetch, vet, refuse or rebuild."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sanitizer.checkpoint import Checkpoint, FileDigest, HubOrigin, LocalOrigin
from sanitizer.errors import IncompleteError, ResourceError, UsageError
from sanitizer.options import BY_CARD, STANDARD, Gatekeeping
from sanitizer.progress import Progress
from sanitizer.report import VetRecord
from sanitizer.source import LocalRef, parse_model
from sanitizer.trial import try_out
from sanitizer.vet.card import read_card, words_of
from sanitizer.vet.families import families
from sanitizer.vet.gate import Survey, settled
from sanitizer.vet.inventory import needed, of_the_model, open_local
from sanitizer.vet.isolated import Worker
from sanitizer.vet.judgement import answer, refusal
from sanitizer.vet.leftovers import is_pickle, of_training
from sanitizer.vet.policy import apply, read_policy
from sanitizer.vet.rebuild import rebuild
from sanitizer.vet.sidecars import is_sidecar

CARD = "README.md"


@dataclass(frozen=True)
class Intake:
    """What may be loaded (`checkpoint`), what was found on the way, and the card's allow-listed fields."""

    checkpoint: Checkpoint
    record: VetRecord
    card: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What a report calls the source: a repository, or the last part of a folder's path."""
        return name_of(self.checkpoint)


def name_of(checkpoint: Checkpoint) -> str:
    """A repository, or the last part of a folder's path."""
    match checkpoint.origin:
        case HubOrigin(repo=repo):
            return repo
        case LocalOrigin(name=name):
            return name


LARGEST_STATE = 64 << 20
"""Bytes. What training left and is larger is not downloaded to be looked into: states of optimizers are enormous."""


def base_meant(word: str, card: Mapping[str, Any]) -> str:
    """The model that a user's word for the base means. Raises UsageError where the card names none, or several."""
    if word != BY_CARD:
        return word
    named = words_of(card.get("base_model"))
    if len(named) != 1:
        said = f"the card names {len(named)} models as its base" if named else "the card names no base"
        raise UsageError(said, hint="name it: --base org/base, or a folder")
    return f"hf://{named[0]}"


def to_download(sizes: Mapping[str, int], *, pickles: bool) -> frozenset[str]:
    """What a model needs and, with `pickles`, those beside it and JSON that other loaders pick up by its name.

    Only a look into them tells what they would do.
    """
    beside = (name for name in sizes if is_pickle(name) or is_sidecar(name))
    looked_into = (name for name in beside if sizes[name] <= LARGEST_STATE or not of_training(name))
    return needed(sizes) | (frozenset(looked_into) if pickles else frozenset())


def fetch(
    model: str, revision: str | None, *, pickles: bool, token: str | None, progress: Progress
) -> tuple[Checkpoint, Mapping[str, FileDigest]]:
    """The files of a folder or of one commit, by digest, and those that were left where they are, as a Hub lists them.

    `pickles` brings those of a Hub here that the model does not need, to be looked into. A Hub knows the sha256 of
    large files only; of the others it is empty.
    """
    ref = parse_model(model, revision)
    if isinstance(ref, LocalRef):
        return open_local(ref.path, progress=progress), {}
    from sanitizer.hub.download import download, resolve  # half of the time that vetting a small folder takes

    remote = resolve(ref, token=token)
    wanted = to_download({name: file.size for name, file in remote.files.items()}, pickles=pickles)
    checkpoint = download(remote, wanted.__contains__, token=token, progress=progress)
    return checkpoint, {
        name: FileDigest(file.size, file.sha256 or "")
        for name, file in remote.files.items()
        if name not in checkpoint.files
    }


def examine(
    worker: Worker, fetched: Checkpoint, left: Mapping[str, FileDigest], gate: Gatekeeping, progress: Progress
) -> Survey:
    """Vet in a process of its own, as strictly as the user asks."""
    return worker.survey(
        fetched,
        left,
        drop_chat_template=gate.drop_chat_template,
        require=gate.require_sandbox,
        progress=progress,
    )


def today() -> datetime.date:
    """The day by which waivers expire, the same all over the world."""
    return datetime.datetime.now(datetime.UTC).date()


def take_in(
    model: str,
    revision: str | None,
    workspace: Path,
    *,
    token: str | None,
    progress: Progress,
    gate: Gatekeeping = STANDARD,
) -> Intake:
    """Fetch, vet and rebuild into `workspace`. Raises RefusedError if the model needs something that is refused."""
    policy = read_policy(gate.policy) if gate.policy is not None else None
    fail_on = gate.fail_on or (policy.fail_on if policy is not None else None)
    with Worker() as worker:
        # Whether the original may be used as it is, only `fail_on` asks.
        fetched, left = fetch(model, revision, pickles=fail_on is not None, token=token, progress=progress)
        record = settled(examine(worker, fetched, left, gate, progress))
    rules = families(drop_chat_template=gate.drop_chat_template)
    if policy is not None:
        record = apply(record, policy, fetched, today=today())
    refused = refusal(record, fail_on)
    if refused is not None and fail_on is not None and answer(record, fail_on) == "inconclusive":
        raise IncompleteError(refused.message, hint=refused.hint)
    if refused is not None:
        raise refused
    size = sum(file.size for file in of_the_model(fetched).files.values())
    free = shutil.disk_usage(workspace).free
    if 2 * size > free:
        raise ResourceError(
            f"a copy to work on and a result need {2 * size / 1e6:.0f} MB, {free / 1e6:.0f} MB are free",
            hint="choose an --output on another disk",
        )
    card = read_card(fetched.read(CARD)) if CARD in fetched.files else {}
    rebuilt = rebuild(fetched, record, workspace / "vetted", families=rules)
    if gate.require_sandbox and record.isolation is not None:
        try_out(rebuilt)
        held = (*record.isolation.held, "the model opened once like this")
        record = replace(record, isolation=replace(record.isolation, held=held))
    return Intake(rebuilt, record, card)
