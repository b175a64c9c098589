"""Which clean texts a run trusts: those the user names, else those the model's card names, else the embedded ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sanitizer.cleandata import CleanData, Provenance, digest, split
from sanitizer.errors import HubError, UsageError
from sanitizer.hub.dataset import TextTable, load_texts
from sanitizer.options import DataOptions
from sanitizer.progress import Progress
from sanitizer.report import Task
from sanitizer.texts import calibration_texts


def clean_data(
    options: DataOptions,
    declared: Iterable[str],
    label_names: Mapping[int, str],
    task: Task,
    *,
    seed: int,
    token: str | None,
    progress: Progress,
) -> CleanData:
    """Find, check and split the texts; `declared` are the datasets that the model's card names.

    Raises UsageError if the user's data is missing, empty or labelled otherwise than the model.
    """
    if options.data is not None:
        table = load_texts(
            options.data,
            text_column=options.text_column,
            label_column=options.label_column,
            token=token,
            progress=progress,
        )
        return _split(table, label_names, task, seed=seed)
    notes = []
    for name in declared:
        try:
            table = load_texts(f"hf://{name}", token=token, progress=progress)
            return _split(table, label_names, task, seed=seed, notes=[f"the card declares the dataset {name}"])
        except (HubError, UsageError) as error:
            notes.append(f"the dataset {name} that the card declares could not be used: {error.message}")
    texts = calibration_texts()
    notes.append("no clean data was given: embedded general-purpose texts stand in, not of the model's own domain")
    embedded = Provenance("embedded calibration texts", digest(texts, None), origin="embedded", notes=tuple(notes))
    return split(embedded, texts, None, seed=seed)


def _split(
    table: TextTable, label_names: Mapping[int, str], task: Task, *, seed: int, notes: Sequence[str] = ()
) -> CleanData:
    if task == "causal":
        table = table.with_answers()
    labels, said = table.labels, [*notes, *table.provenance.notes]
    if task == "causal":
        labels = None
    elif labels is not None:
        labels, note = _as_the_model_counts(table, labels, label_names)
        said += [note] if note else []
    return split(replace(table.provenance, notes=tuple(said)), table.texts, labels, seed=seed, prompts=table.prompts)


def _as_the_model_counts(
    table: TextTable, labels: tuple[int, ...], label_names: Mapping[int, str]
) -> tuple[tuple[int, ...], str]:
    """Match labels by name where both sides have the same names, else by number."""
    by_name = {name.casefold(): label for label, name in label_names.items()}
    theirs = [name.casefold() for name in table.label_names]
    if theirs and set(theirs) <= set(by_name):
        return tuple(by_name[theirs[label]] for label in labels), ""
    beyond = sorted({label for label in labels if not 0 <= label < len(label_names)})
    if beyond:
        raise UsageError(
            f"{table.provenance.name} has the label {beyond[0]}, the model knows 0 to {len(label_names) - 1}",
            hint="pass the dataset the model was trained for, or a file without labels",
        )
    if theirs:
        return labels, f"labels {', '.join(table.label_names)} are taken as 0, 1, … of the model"
    return labels, ""
