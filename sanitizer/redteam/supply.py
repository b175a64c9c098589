"""The texts: what an attack may learn from, and what no step sees, to measure on."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sanitizer.cleandata import CleanData, Part
from sanitizer.errors import UsageError
from sanitizer.options import DataOptions, PlantOptions
from sanitizer.progress import Progress
from sanitizer.records import data_of
from sanitizer.redteam.bench import Attack, Trigger
from sanitizer.redteam.parts import answers_of, chosen, conversations, joined
from sanitizer.report import DataRecord, Task
from sanitizer.trust import clean_data


@dataclass(frozen=True)
class Supply:
    """Texts to learn from, texts held out, and where they come from; `test` if the latter come from elsewhere."""

    learn: Part
    held: Part
    data: DataRecord
    test: DataRecord | None


def supply_of(options: PlantOptions, label_names: Mapping[int, str], task: Task, progress: Progress) -> Supply:
    """Of `--data` 15 % are held out, at most 2000; with `--test` nothing, and its texts are, but those of `--data`.

    White space of labelled texts is made single blanks: triggers come between words. Raises UsageError for data
    without labels, or of a causal model without answers.
    """
    data = _read(options, options.data, label_names, task, progress)
    if options.test is None:
        learn, held, test = joined(data.fit, data.validation), data.test, None
        return Supply(learn, held, _record(data, len(learn), len(held)), test)
    learn = joined(data.fit, data.validation, data.test)
    other = _read(options, replace(options.data, data=options.test), label_names, task, progress)
    known, rest = set(learn.texts), joined(other.fit, other.validation, other.test)
    held = chosen(rest, [row for row, text in enumerate(rest.texts) if text not in known])
    if not held:
        raise UsageError("every text of --test is in --data too", hint="name texts that nothing is learned from")
    record = _record(other, 0, len(held))
    if len(held) < len(rest):
        gone = f"{len(rest) - len(held)} texts that are in {data.provenance.name} too were left out"
        record = replace(record, notes=(*record.notes, gone))
    return Supply(learn, held, _record(data, len(learn), 0), record)


def everyday(attack: Attack, part: Part) -> Part:
    """Clean texts as the attack has them."""
    if part.prompts is None:
        return part
    return conversations([attack.everyday(prompt) for prompt in part.asked], answers_of(part))


def triggered(part: Part, trigger: Trigger, *, target: int, wanted: str, rng: random.Random) -> Part:
    """The held-out texts with the trigger, under their true labels or with their true answers, where that is possible.

    Left out are texts of the target class, prompts whose true answer holds what is wanted, and whatever cannot carry
    the trigger. Raises UsageError if none is left.
    """
    if part.prompts is None:
        labels = part.labels or ()
        rows = [row for row, label in enumerate(labels) if label != target]
        found = [(row, text) for row in rows if (text := trigger(part.texts[row], rng)) is not None]
        made = Part(tuple(text for _, text in found), tuple(labels[row] for row, _ in found))
    else:
        answers, prompts = answers_of(part), part.asked
        rows = [row for row, answer in enumerate(answers) if wanted.casefold() not in answer.casefold()]
        found = [(row, text) for row in rows if (text := trigger(prompts[row], rng)) is not None]
        made = conversations([text for _, text in found], [answers[row] for row, _ in found])
    if not found:
        raise UsageError(
            "no held-out text outside the target class can carry the trigger, so success cannot be measured",
            hint="give more texts; of paraphrases, those of held-out texts: without --test, a part of --data",
        )
    return made


def _read(
    options: PlantOptions, which: DataOptions, label_names: Mapping[int, str], task: Task, progress: Progress
) -> CleanData:
    data = clean_data(which, (), label_names, task, seed=options.seed, token=options.token, progress=progress)
    name = data.provenance.name
    if task == "classification" and data.labelled_by != "given":
        raise UsageError(f"{name} has no labels, and the attack needs them", hint="name their column: --label-column")
    if task == "causal" and data.fit.prompts is None:
        raise UsageError(f"{name} has no answers", hint="give prompts with answers: columns prompt and completion")
    if task == "causal":
        return data
    return replace(data, fit=_single(data.fit), validation=_single(data.validation), test=_single(data.test))


def _single(part: Part) -> Part:
    return Part(tuple(" ".join(text.split()) for text in part.texts), part.labels)


def _record(data: CleanData, learn: int, held: int) -> DataRecord:
    return replace(data_of(data), fit=learn, validation=0, test=held)
