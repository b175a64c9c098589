"""`sanitize forensics`: do heads look planted, by their weights alone? From the files, a layer at a time.

What wakes a head takes a model and texts: `sanitize scan` asks for that too.
"""

from __future__ import annotations

import json
import tempfile
from importlib.metadata import version
from pathlib import Path

import sanitizer
from sanitizer.checkpoint import HubOrigin
from sanitizer.errors import UsageError
from sanitizer.filed import Filed
from sanitizer.gates import unlike
from sanitizer.heads import Grid
from sanitizer.intake import Intake, base_meant, take_in
from sanitizer.model.stored import StoredHeads, StoredLayer
from sanitizer.model.storedslices import StoredSlices, distances
from sanitizer.model.suspicion import by_weights, judged
from sanitizer.model.weighed import weigh
from sanitizer.options import ForensicsOptions
from sanitizer.progress import Progress, silent
from sanitizer.report import FiledBase, ForensicsReport
from sanitizer.vet.tensors import headers


def forensics(options: ForensicsOptions, *, progress: Progress = silent) -> ForensicsReport:
    """Vet a model, and its base if one is named, and look at the weights of its heads; nothing is written.

    Raises UsageError for a base of another kind or shape, UnsupportedError for a family or a format of numbers that is
    not known, and whatever vetting raises.
    """
    with tempfile.TemporaryDirectory(prefix="sanitizer-") as work:
        intake = _taken(options, options.model, options.revision, Path(work, "model"), progress)
        filed = Filed.of(intake)
        found = (StoredLayer.find(layer, filed.shapes) for layer in filed.settings.geometry.layers)
        slices = StoredSlices.of(intake.checkpoint.path, filed.headers, found)
        intake.checkpoint.verify()  # they are the files that were vetted
        base, moved = None, None
        if options.base is not None:
            origin = _taken(options, base_meant(options.base, intake.card), None, Path(work, "base"), progress)
            moved, base = _against(slices, filed.settings.config.model_type, origin, progress)
        weighed = weigh(slices.rows(progress, "weigh heads"))
    record = judged(weighed.silence, by_weights(weighed, moved), texts=0, probes=0)
    return ForensicsReport(
        sanitizer=sanitizer.__version__,
        transformers=version("transformers"),
        source=filed.source(),
        vetting=intake.record,
        forensics=record,
        heads=tuple(sorted(suspect.head for suspect in record.suspects)),
        base=base,
        warnings=unlike(base),
    )


def _taken(options: ForensicsOptions, model: str, revision: str | None, place: Path, progress: Progress) -> Intake:
    place.mkdir()
    return take_in(model, revision, place, token=options.token, progress=progress, gate=options.gate)


def _against(slices: StoredSlices, kind: str, origin: Intake, progress: Progress) -> tuple[Grid, FiledBase]:
    """How far heads are from those of the base, which need not be a model of any task."""
    vetted, hint = origin.checkpoint, "name the model that this one was made from"
    config = json.loads(vetted.read("config.json"))
    if config.get("model_type") != kind:
        raise UsageError(f"the base is a {config.get('model_type')} model, the suspect a {kind} one", hint=hint)
    there = headers(vetted)
    shapes = {name: tensor.shape for header in there.values() for name, tensor in header.tensors.items()}
    theirs = StoredSlices.of(vetted.path, there, StoredHeads.of(config, shapes).layers)
    if theirs.shapes != slices.shapes:
        raise UsageError("the heads of the base have other shapes than the suspect's", hint=hint)
    vetted.verify()
    moved, similarity = distances(slices, theirs, progress=progress)
    hub = vetted.origin if isinstance(vetted.origin, HubOrigin) else None
    return moved, FiledBase(
        name=origin.name,
        revision=hub.revision if hub else None,
        commit=hub.commit if hub else None,
        digest=vetted.digest,
        similarity=similarity,
        findings=origin.record.findings,
    )
