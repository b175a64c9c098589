"""Inputs somebody doubts, held against clean ones and against controls: are they abnormal for this model?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from sanitizer.cleandata import CleanData, Provenance
from sanitizer.errors import UsageError
from sanitizer.model.alike import chunks
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, silent
from sanitizer.report import InputsRecord, Metric, SetRecord
from sanitizer.scan.conformal import Shift, check_rate, shift
from sanitizer.scan.controls import controls
from sanitizer.scan.guard import TOP, Guard, heads_of
from sanitizer.scan.heads import INPUTS, compared
from sanitizer.scan.profile import profiles
from sanitizer.scan.similarity import similarity
from sanitizer.scan.verdict import verdict

RATE = 0.05
MOST_FIT = 5000
MOST = 2000
"""Inputs looked at, evenly spread."""
CONTROLS = 400
"""Clean texts that each control is made from."""


def scan_inputs(
    subject: Subject,
    data: CleanData,
    inputs: Sequence[str],
    provenance: Provenance,
    *,
    model: str,
    batch_size: int,
    seed: int,
    progress: Progress = silent,
) -> InputsRecord:
    """Fit on the clean data's first part, calibrate on the second, check on the third, and answer.

    Memory holds the profiles of all inputs, two numbers a head each, and the attention of one batch. Raises UsageError
    for fewer clean texts than the rate of false positives needs.
    """
    if not inputs:
        raise UsageError(f"{provenance.name} has no inputs", hint="name a file with at least one text")
    check_rate(RATE, len(data.validation))
    notes = list(provenance.notes)
    fit = data.fit.asked[:MOST_FIT]
    known = {*data.fit.asked, *data.validation.asked, *data.test.asked}
    places = [place for place, text in enumerate(inputs) if text not in known]
    if len(places) < len(inputs):
        notes.append(f"{len(inputs) - len(places)} inputs are clean texts as well and were left out")
    if not places:
        raise UsageError(f"every input of {provenance.name} is among the clean texts", hint="give other clean data")
    if len(places) > MOST:
        notes.append(f"{MOST} of {len(places)} inputs were looked at, evenly spread")
        places = [places[index * len(places) // MOST] for index in range(MOST)]
    few = [inputs[place] for place in places]
    guard = Guard.fit(subject, fit, data.validation.asked, model=model, batch_size=batch_size, progress=progress)
    generator = np.random.default_rng(seed)

    def look(texts: Sequence[str], step: str) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[int, ...]]:
        encoded, owners = chunks(subject, texts)
        seen = profiles(subject, encoded, batch_size=batch_size, progress=progress, step=step)
        parts = guard.ordinary.parts(seen)
        return np.sqrt(parts.sum(axis=1)), parts, owners

    def against(distances: NDArray[np.float64]) -> Shift:
        return shift(guard.calibration, distances, fpr=RATE, generator=generator)

    distances, parts, owners = look(few, "inputs")
    if len(owners) > len(few):
        long = sum(count > 1 for count in Counter(owners).values())
        notes.append(f"{long} inputs are longer than what is read at once: each of their chunks counts as an input")
    asked, clean = against(distances), against(look(data.test.asked, "clean inputs")[0])
    made = controls(data.test.asked[:CONTROLS], subject.tokenizer, generator=torch.Generator().manual_seed(seed))
    unusual = {name: against(look(texts, name)[0]) for name, texts in made.items()}
    answer, reason = verdict(asked, unusual, RATE)
    if data.provenance.origin == "embedded" and answer == "abnormal":
        answer, reason = "inconclusive", f"{reason}; but the clean texts are general ones, not of the model's domain"
    shown = compared(subject, few[:INPUTS], batch_size=batch_size)
    statistics = similarity(subject, shown, progress=progress).records
    far = list(dict.fromkeys(owners[row] for row in np.argsort(-distances, kind="stable")))[:TOP]
    examples = guard.check(subject, [few[index] for index in far], fpr=RATE, batch_size=batch_size)
    return InputsRecord(
        name=provenance.name,
        sha256=provenance.sha256,
        fpr=RATE,
        fit=len(fit),
        calibrated=len(guard.calibration),
        answer=answer,
        reason=reason,
        inputs=_record("inputs", asked),
        clean=_record("clean", clean),
        controls=tuple(_record(name, found) for name, found in unusual.items()),
        similarity=statistics,
        heads=heads_of(subject, parts.sum(axis=0)),
        examples=tuple(replace(example, index=places[index]) for example, index in zip(examples, far, strict=True)),
        notes=tuple(notes),
    )


def _record(name: str, found: Shift) -> SetRecord:
    return SetRecord(
        name=name,
        flagged=Metric("flagged", found.flagged, found.flagged_low, found.flagged_high, found.n),
        p_flagged=found.p_flagged,
        auc=Metric("auc", found.auc, found.auc_low, found.auc_high, found.n),
        p_auc=found.p_auc,
    )
