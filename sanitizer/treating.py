"""`sanitize guard --treat`: from the inputs that a guard flagged to a sanitized model.

Source: Jin et al., AAAI 2026, arXiv 2511.13789: an abnormal input is set aside, shows which heads are suspicious, and
sets off their alignment and head-wise tuning. Here it goes through the same pipeline as every run, gates included. How
heads are judged on such inputs, and where that departs from the paper: `sanitizer.model.safety`.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from pathlib import Path

from sanitizer.errors import UsageError
from sanitizer.options import GuardOptions, RunOptions
from sanitizer.output import check_place
from sanitizer.pipeline import RunResult, run
from sanitizer.progress import Progress, silent
from sanitizer.recipe import Recipe, Step
from sanitizer.report import InputRecord
from sanitizer.schema import from_json
from sanitizer.source import LocalRef, parse_model

MOST = 256
"""Flagged inputs that heads are judged on: the farthest from ordinary."""
ALIGN = Recipe("random", treatments=(Step("rounds", {"inputs": "flagged"}),))
"""Attention alignment and head-wise tuning, of heads judged on flagged inputs."""


def check_words(options: GuardOptions) -> None:
    """Everything that can be wrong with the words of a treatment, found before the guard begins. Raises UsageError."""
    if options.treat is None:
        return
    if options.out is None:
        raise UsageError("--treat needs the flagged inputs in a file", hint="name one with --out")
    if options.data.data is None:
        raise UsageError("--treat tunes the model", hint="name clean texts of its own domain with --data")
    ref = parse_model(options.model, options.revision)
    check_place(options.treat, force=options.force, source=ref.path if isinstance(ref, LocalRef) else None)


def treat(options: GuardOptions, *, progress: Progress = silent) -> RunResult | None:
    """Treat the model by what was flagged; None if nothing was. Interrupted, the same words go on: see `run`.

    Memory holds the 256 farthest of the flagged inputs.
    """
    if options.treat is None or options.out is None:
        return None
    far = heapq.nlargest(MOST, _flagged(options.out), key=lambda record: record.distance)
    if not far:
        return None
    words = RunOptions(
        model=options.model,
        data=options.data,
        revision=options.revision,
        device=options.device,
        dtype=options.dtype,
        seed=options.seed,
        batch_size=options.batch_size,
        token=options.token,
        gate=options.gate,
        recipe=options.recipe or ALIGN,
        output=options.treat,
        force=options.force,
    )
    return run(words, flagged=far, progress=progress)


def _flagged(path: Path) -> Iterator[InputRecord]:
    """Each flagged input in what a guard wrote."""
    with path.open(encoding="ascii") as lines:
        for line in lines:
            if json.loads(line)["kind"] == "input":
                record = from_json(line, "input")
                assert isinstance(record, InputRecord)
                yield record
