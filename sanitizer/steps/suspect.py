"""What a run and a scan begin with: suspect and base through the gate, the suspect opened, and clean texts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sanitizer.cleandata import CleanData
from sanitizer.intake import Intake, base_meant, take_in
from sanitizer.model.base import Base
from sanitizer.model.batches import Encoded, batch_size, encode
from sanitizer.model.halving import Halving
from sanitizer.model.subject import Subject
from sanitizer.model.team import first
from sanitizer.options import ScanOptions
from sanitizer.progress import Progress
from sanitizer.recipe import Recipe
from sanitizer.records import base_of, declared_datasets, source_of
from sanitizer.report import BaseRecord, SourceRecord
from sanitizer.steps.opening import demand_whole, opened, spread_remark
from sanitizer.steps.sized import measured
from sanitizer.trust import clean_data


@dataclass(frozen=True)
class Suspect:
    """What is known of the suspect before anything is done to it. It does not hold the live model.

    `sizes` is how many texts at a time memory bears, from here to the end. `spread` and `surplus` are for remarks:
    where the weights are, if not in one place, and tensors that no part of the model reads.
    """

    intake: Intake
    source: SourceRecord
    data: CleanData
    sizes: Halving
    base: Base | None
    base_record: BaseRecord | None
    spread: tuple[str, ...]
    surplus: tuple[str, ...]


@dataclass(frozen=True)
class Texts:
    """The parts of the clean texts, tokenized."""

    fit: Encoded
    validation: Encoded
    test: Encoded

    @classmethod
    def of(cls, subject: Subject, data: CleanData) -> Texts:
        """As the subject's tokenizer cuts them."""
        return cls(*(encode(subject, part) for part in (data.fit, data.validation, data.test)))


def vetted(options: ScanOptions, place: Path, progress: Progress) -> tuple[Intake, Intake | None]:
    """The suspect, and its base if one is named, through the same gate: that is not trusted bytes either."""
    taken = partial(take_in, token=options.token, progress=progress, gate=options.gate)
    suspect = taken(options.model, options.revision, place)
    if options.base is None:
        return suspect, None
    (place / "base").mkdir()
    return suspect, taken(base_meant(options.base, suspect.card), None, place / "base")


def opened_suspect(
    options: ScanOptions, intake: Intake, origin: Intake | None, recipe: Recipe | None, place: Path, progress: Progress
) -> tuple[Subject, Suspect]:
    """The live model, and what is known of it; `origin` is the base. Raises what `demand_whole` raises.

    Each process of a run opens the model; the first alone reads the texts.
    """
    subject = opened(options, intake.checkpoint, place / "offloaded")
    demand_whole(subject, recipe, base=origin is not None)
    spread, source = spread_remark(subject), source_of(intake, subject)
    base = None if origin is None else Base.of(origin.checkpoint, subject)
    said = None if origin is None or base is None else base_of(origin, base, subject)
    sizes = Halving(batch_size(options.batch_size, subject.device))
    data = first(partial(_data, options, intake, subject, sizes, progress))
    return subject, Suspect(intake, source, data, sizes, base, said, spread, subject.surplus)


def _data(options: ScanOptions, intake: Intake, subject: Subject, sizes: Halving, progress: Progress) -> CleanData:
    """The clean texts, labelled by the suspect itself where nobody labelled them."""
    data = clean_data(
        options.data,
        declared_datasets(intake.card),
        subject.labels,
        subject.task,
        seed=options.seed,
        token=options.token,
        progress=progress,
    )
    if subject.task == "causal" or data.labelled_by == "given":
        return data
    texts = Texts.of(subject, data)
    predicted = [
        measured("label texts", subject, part, sizes, progress).predicted.tolist()
        for part in (texts.fit, texts.validation, texts.test)
    ]
    return data.relabelled(*predicted)
