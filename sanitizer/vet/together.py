"""What no file says by itself: names that collide, what a model must have, shards that agree, their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import IncompleteError, UnsupportedError
from sanitizer.progress import Progress
from sanitizer.report import Finding
from sanitizer.vet import budget, config, shards, weights
from sanitizer.vet.examine import guarded
from sanitizer.vet.inventory import CONFIG, INDEX, PICKLED, collisions, kind
from sanitizer.vet.leftovers import ADAPTER, ADAPTER_CONFIG
from sanitizer.vet.rules import Verdict
from sanitizer.vet.shapes import fitting
from sanitizer.vet.tied import apart


def together(
    checkpoint: Checkpoint, verdicts: Mapping[str, Verdict], stalled: list[IncompleteError], progress: Progress
) -> Iterator[Finding]:
    """Findings on all files together. What could not be finished is kept in `stalled`."""
    yield from collisions(verdicts)
    if ADAPTER_CONFIG in verdicts and CONFIG not in checkpoint.files:
        stalled.append(UnsupportedError(f"{ADAPTER_CONFIG}: {ADAPTER.text}", hint=ADAPTER.hint))
    else:
        yield from config.required(checkpoint)
        yield from weights.required(checkpoint, verdicts)
    parts = [name for name in verdicts if kind(name) in ("weights", "index", *PICKLED)]
    if not any(verdicts[name].fate == "refused" for name in parts):
        yield from guarded(INDEX, stalled, partial(_agreed, checkpoint)).findings
        if CONFIG in verdicts and verdicts[CONFIG].fate == "rebuilt":
            yield from guarded(CONFIG, stalled, partial(_affordable, checkpoint)).findings
            yield from guarded(CONFIG, stalled, partial(_alike, checkpoint)).findings
        yield from guarded(INDEX, stalled, partial(_numbers, checkpoint, progress)).findings


def _agreed(checkpoint: Checkpoint) -> Verdict:
    return Verdict("kept", "the index and the shards agree", tuple(shards.agree(checkpoint)))


def _affordable(checkpoint: Checkpoint) -> Verdict:
    return Verdict("rebuilt", "the files hold what the config asks for", tuple(budget.affordable(checkpoint)))


def _alike(checkpoint: Checkpoint) -> Verdict:
    return Verdict("rebuilt", "names and shapes are the config's", (*fitting(checkpoint), *apart(checkpoint)))


def _numbers(checkpoint: Checkpoint, progress: Progress) -> Verdict:
    from sanitizer.vet import values  # numpy takes as long to import as all the rest

    return Verdict("kept", "the weights are numbers", tuple(values.judge(checkpoint, progress=progress)))
