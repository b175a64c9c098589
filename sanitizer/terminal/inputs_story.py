"""Inputs that were asked about, told on a terminal: the answer first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from sanitizer.numbers import counted
from sanitizer.report import InputRecord, InputsRecord, Metric
from sanitizer.terminal.lines import table
from sanitizer.text import clean

_ANSWERS = {"abnormal": "bold red", "inconclusive": "yellow", "alike": "bold"}
LONGEST = 60
"""Characters shown of an input."""


def inputs_story(asked: InputsRecord) -> Iterator[RenderableType]:
    """The answer, every set in a row, the heads and the inputs behind it."""
    yield Text.assemble(
        (f"{clean(asked.name)}: ", "bold"), (asked.answer, _ANSWERS[asked.answer]), f" ({clean(asked.reason)})"
    )
    for note in asked.notes:
        yield Text(f"  {clean(note)}")
    for record in asked.similarity:
        across = "between heads of a layer" if record.scope == "layer" else "across the model"
        yield Text(
            f"  similarity {across}: mean {record.mean:.3f}, 99th percentile {record.percentile_99:.3f}, "
            f"{100 * record.share_above:.2g} % of pairs above 0.99"
        )
    rows = table("", "inputs", f"flagged at {100 * asked.fpr:g} %", "farther than a clean one")
    for one in (asked.inputs, asked.clean, *asked.controls):
        area = f"{one.auc.value:.2f} ({one.auc.low:.2f}–{one.auc.high:.2f})"
        rows.add_row(clean(one.name), str(one.auc.n), _share(one.flagged), area)
    yield rows
    yield Text(
        f"attention profiles: {asked.fit} clean texts fitted, {asked.calibrated} others calibrated; clean and controls "
        "are from a third part; 95 % bootstrap intervals",
        style="dim",
    )
    named = ", ".join(f"{share.head} {100 * share.share:.0f} %" for share in asked.heads)
    yield Text(f"  most of the distance: {named}")
    for example in asked.examples:
        yield _example(example)
    if asked.answer == "abnormal":
        yield Text(
            "  Abnormal is said of the inputs: a trigger does it, and so may another kind of text. A model without any "
            "backdoor, given paraphrases of its own texts, came to 0.60 in the last column."
        )
    if asked.answer == "alike":
        yield Text("  No difference in attention is no acquittal: a trigger may act elsewhere.")


def _share(metric: Metric) -> str:
    return f"{100 * metric.value:.1f} % ({100 * metric.low:.1f}–{100 * metric.high:.1f})"


def _example(example: InputRecord) -> Text:
    text = clean(example.text)
    shown = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    words = [clean(piece.text) for piece in example.pieces[:3]]
    because = f"; {counted(len(words), 'piece')}: {', '.join(words)}" if words else ""
    return Text.assemble(
        f"  p = {example.p_value:.2g}  {shown}", (f"  (input {example.index}{because})", "dim"), no_wrap=False
    )
