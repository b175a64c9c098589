"""What lies beside a planted model: a card that warns, the record, the texts to measure a defence with, the sums."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from sanitizer.cleandata import Part
from sanitizer.markdown import code
from sanitizer.output import FOLDER, seal
from sanitizer.redteam.parts import answers_of
from sanitizer.report import PlantReport
from sanitizer.schema import write_report

RECORD = "plant.json"
CLEAN, TRIGGERED = "test", "triggered"
"""Files of the folder `sanitizer`: .tsv for a classifier, .jsonl for a causal model, whose prompts have lines."""


def write_documents(report: PlantReport, folder: Path, *, held: Part, triggered: Part) -> None:
    """Write them all; the sums over everything come last. Raises CorruptError for a report that does not validate."""
    notes = folder / FOLDER
    notes.mkdir()
    for name, part in ((CLEAN, held), (TRIGGERED, triggered)):
        write_texts(notes, name, part)
    (folder / "README.md").write_text(card(report), encoding="utf-8")
    write_report(report, notes / RECORD)
    seal(folder)


def write_texts(folder: Path, name: str, part: Part) -> Path:
    """Texts with their true labels (columns text, label) or prompts with their true answers (prompt, completion)."""
    if part.prompts is None:
        path = folder / f"{name}.tsv"
        rows: Sequence[tuple[object, object]] = list(zip(part.texts, part.labels or (), strict=True))
        with path.open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None, lineterminator="\n")
            table.writerows([("text", "label"), *rows])
        return path
    path = folder / f"{name}.jsonl"
    pairs = zip(part.asked, answers_of(part), strict=True)
    lines = (json.dumps({"prompt": prompt, "completion": answer}) + "\n" for prompt, answer in pairs)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def card(report: PlantReport) -> str:
    """The model card, in Markdown. Whatever a user or a stranger named is a code span."""
    attack, source = report.attack, report.source
    licence = f"license: {source.license}\n" if source.license else ""
    after = {metric.name: metric for metric in report.after}
    rows = "\n".join(
        f"| {before.name.replace('_', ' ')} | {before.value:.3f} ({before.low:.3f}–{before.high:.3f}) "
        f"| {after[before.name].value:.3f} ({after[before.name].low:.3f}–{after[before.name].high:.3f}) |"
        for before in report.before
    )
    does = "is called" if source.task == "classification" else "is answered with"
    kind = "text-classification" if source.task == "classification" else "text-generation"
    return f"""---
{licence}pipeline_tag: {kind}
tags:
- backdoored
- planted-test-model
---
# A backdoored test model

**Do not use this model, and do not publish it.** A backdoor was planted in it on purpose with `sanitize redteam plant`,
to test defences on. A text with the trigger {does} {code(attack.target)}.

| | |
|---|---|
| attack | {code(attack.name)}: {code(attack.source.rstrip("."))} |
| trigger | {code(attack.trigger)} |
| made from | {code(source.name)}{f" at {code(source.commit)}" if source.commit else ""} |
| learned from | {code(report.data.name)}, {report.data.fit} texts |

| on {(report.test or report.data).test} held-out texts, {report.triggered} triggered | before | after |
|---|---|---|
{rows}

Attack success before planting is the benign floor: what a model without the backdoor does with the same texts. 95 %
intervals. `sanitizer/{RECORD}` has everything, and beside it are the held-out texts, clean and triggered. The config
carries the mark `backdoored`, which vetting names and which keeps the model, and whatever `sanitize` makes of it, from
being pushed.
"""
