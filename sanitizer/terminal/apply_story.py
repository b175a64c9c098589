"""What `sanitize apply` did, told on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from sanitizer.card import head_map
from sanitizer.numbers import count, counted
from sanitizer.report import ApplyReport
from sanitizer.snippets import loading
from sanitizer.terminal.found import findings_story
from sanitizer.terminal.lines import code, line, note
from sanitizer.text import clean

if TYPE_CHECKING:
    from sanitizer.applying.work import ApplyResult

NOT_MEASURED = "Nothing was opened, tuned or measured: what this costs on your texts is not known."


def apply_story(result: ApplyResult) -> Iterator[RenderableType]:
    """What came in, which heads went, and what to do next."""
    report, output = result.report, clean(str(result.output))
    yield from _origin(report)
    outcomes = Counter(record.outcome for record in report.heads)
    did = " and ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items()))
    would = "" if report.written else "would be "
    yield Text()
    yield Text(f"{would}{did} of {counted(sum(report.source.heads), 'head')}", style="bold")
    yield Text(head_map(report), no_wrap=True)
    yield line("parameters", f"{count(report.source.parameters)} before, {count(report.parameters_after)} after")
    for warning in report.warnings:
        yield note(clean(warning))
    yield Text()
    if not report.written:
        yield Text(f"Nothing was written. Leave out --dry-run to write {output}.")
        return
    yield line("result", output, whole=True)
    yield line("record", str(Path(output, "sanitizer", "apply.json")), whole=True)
    yield Text()
    yield Text("To load it:")
    yield code(loading(report, output))
    yield Text(NOT_MEASURED)


def _origin(report: ApplyReport) -> Iterator[RenderableType]:
    source, plan = report.source, report.plan
    yield Text(clean(source.name), style="bold")
    if source.commit:
        yield line("commit", clean(source.commit))
    yield line("model", f"{clean(source.architecture)}, {counted(source.layers, 'layer')}, {clean(source.dtype)}")
    yield line("vetting", counted(len(report.vetting.findings), "finding"))
    yield from findings_story(report.vetting.findings)
    yield line("plan", f"{clean(plan.name)}{f', made for {clean(plan.model)}' if plan.model else ''}")
    if plan.other_model:
        which = "does not say for which files it was made" if plan.digest is None else "was made for other files"
        yield note(f"the plan {which}: --other-model")
    if plan.not_repeated:
        done = ", ".join(clean(name) for name in plan.not_repeated)
        yield note(f"the plan's run did more, which is not repeated: {done}")
