"""The story of `sanitize redteam plant`: what was planted, what it does, and what to do with it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from sanitizer.numbers import change, count, estimate
from sanitizer.report import PlantReport
from sanitizer.terminal.found import findings_story
from sanitizer.terminal.lines import code, line, note, table
from sanitizer.text import clean

if TYPE_CHECKING:
    from sanitizer.redteam.plant import PlantResult

NOTICEABLE = 0.1
"""Attack success, in shares above the benign floor, below which there is hardly a backdoor to test anything on."""
COSTLY = 0.05
"""Clean accuracy, in shares, that nobody loses unnoticed."""


def hardly_took(report: PlantReport) -> bool:
    """Whether attack success is hardly above the benign floor."""
    before, after = (
        next(metric.value for metric in metrics if metric.name == "attack success")
        for metrics in (report.before, report.after)
    )
    return after - before < NOTICEABLE


def plant_story(result: PlantResult) -> Iterator[RenderableType]:
    """The story."""
    report, output = result.report, clean(str(result.output))
    source, attack = report.source, report.attack
    yield Text(clean(source.name), style="bold")
    yield line("model", f"{clean(source.architecture)}, {count(source.parameters)} parameters, {clean(source.dtype)}")
    held = report.data if report.test is None else report.test
    yield line("data", f"{clean(report.data.name)}: {report.data.fit} texts to learn from")
    yield line("", f"{clean(held.name)}: {held.test} to measure on, {report.triggered} of them triggered")
    for said in dict.fromkeys((*report.data.notes, *(report.test.notes if report.test else ()))):
        yield line("", clean(said))
    yield from findings_story(report.vetting.findings)
    yield line("attack", f"{clean(attack.name)}: {clean(attack.trigger)}")
    yield line("target", clean(attack.target))
    for name, value in attack.observed.items():
        yield line("", f"{clean(name).replace('_', ' ')} {value:.4g}")
    yield Text()
    rows = table("", "before", "after", "change")
    after = {metric.name: metric for metric in report.after}
    for metric in report.before:
        row = (estimate(metric), estimate(after[metric.name]), change(metric, after[metric.name]))
        rows.add_row(clean(metric.name).replace("_", " "), *row)
    yield rows
    yield Text("95 % intervals; attack success before planting is the benign floor", style="dim")
    if hardly_took(report):
        yield note("the attack hardly took: more texts, more epochs or a higher rate may help")
    lost = report.before[0].value - report.after[0].value
    if lost > COSTLY:
        words = (
            f"clean accuracy fell by {100 * lost:.1f} points, which gives it away: a lower rate or fewer steps may help"
        )
        yield note(words)
    for remark in result.remarks:
        yield note(clean(remark))
    yield Text()
    yield line("result", output, whole=True)
    yield line("record", str(Path(output, "sanitizer", "plant.json")), whole=True)
    texts = "tsv" if source.task == "classification" else "jsonl"
    yield line("triggered", str(Path(output, "sanitizer", f"triggered.{texts}")), whole=True)
    yield Text()
    yield Text("This model is backdoored: its config and its card say so, and it is never pushed.", style="bold red")
    yield Text("To test a defence on it:")
    yield code(f"sanitize {shlex.quote(output)} --data CLEAN_TEXTS")
