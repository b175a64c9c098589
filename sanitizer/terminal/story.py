"""A report told on a terminal: what came in, what was found and done, what it cost, what to do next.

Everything is a `Text` of its own, never markup, and whatever a stranger named goes through `clean`.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from sanitizer.heads import Grid, HeadId
from sanitizer.numbers import change, count, counted, estimate, held, percent, size, span
from sanitizer.report import (
    AblationRecord,
    DataRecord,
    Finding,
    HeadClass,
    Preview,
    RunReport,
    SafetyRecord,
    ScanRecord,
    ScanReport,
    SourceRecord,
)
from sanitizer.terminal.forecast_story import forecast_story
from sanitizer.terminal.forensics_story import forensics_story, in_short
from sanitizer.terminal.heatmap import heatmap
from sanitizer.terminal.inputs_story import inputs_story
from sanitizer.text import clean

if TYPE_CHECKING:
    from sanitizer.hub.push import PushRecord
    from sanitizer.pipeline import RunResult
    from sanitizer.showcase import DemoResult

LABELS = {"given": "given", "suspect": "the suspect's own predictions", "none": "none, next tokens serve"}
MOST_FINDINGS, MOST_BASES = 20, 3
LIMIT = "Only attention heads were treated: a backdoor that lives elsewhere in the model is still there."
OUTLASTED = "No treatment proves that a backdoor is gone: what no clean text shows may have outlasted this one."
FROM_BASE = "Weights were taken from the base: whatever it hides, and whatever clean texts carried over, is there."
_ALONE = "What clean accuracy changes by without each head alone"
_SEVERE = {"high": "bold red", "medium": "yellow", "low": "dim"}


def tell(console: Console, parts: Iterable[RenderableType]) -> None:
    """Print a story. Paths and code stay whole everywhere, and every line does where there is no terminal."""
    for part in parts:
        whole = isinstance(part, Text) and (part.no_wrap or not console.is_terminal)
        console.print(part, soft_wrap=whole)


def run_story(result: RunResult, *, colour: bool) -> Iterator[RenderableType]:
    """The story of `sanitize MODEL`."""
    report = result.report
    yield from _origin(report.source, report.data, report.vetting.findings)
    yield from _base(report)
    yield from _scan(report.scan)
    yield from _budget(report)
    yield from _treated(report, colour)
    if report.scan.ablation:
        treated = {record.head for record in report.heads}
        yield _heading("What clean accuracy changed by without each of them alone" if treated else _ALONE)
        yield from _clear([found for found in report.scan.ablation if not treated or found.head in treated])
    yield Text()
    yield from _effect(report)
    yield from _gates(report)
    yield from _warnings(report.warnings)
    if report.scan_after is not None:
        yield Text()
        yield from _again(report.scan, report.scan_after)
    yield Text()
    yield from _whereabouts(result)


def scan_story(report: ScanReport, *, colour: bool) -> Iterator[RenderableType]:
    """The story of `sanitize scan`."""
    yield from _origin(report.source, report.data, report.vetting.findings)
    yield from _base(report)
    yield from _scan(report.scan)
    yield Text()
    yield _heading("Importance of each head for clean text")
    yield heatmap(report.scan.importance, colour=colour, of="importance")
    yield Text()
    yield _heading("Mean similarity of each head's attention to the other heads")
    yield heatmap(report.scan.mean_similarity, colour=colour, of="similarity")
    yield Text()
    yield from _classes(report.scan.safety, colour)
    if report.scan.ablation:
        yield Text()
        yield from _ablation(report.scan.ablation, report.scan.safety.score, colour)
    if report.inputs is not None:
        yield Text()
        yield from inputs_story(report.inputs)
    yield from _warnings(report.warnings)
    yield Text()
    yield Text("A scan describes; it does not acquit. To treat this checkpoint:")
    yield _code(f"sanitize {_shell(report.source.name, local=report.source.commit is None)}")


def preview_story(preview: Preview) -> Iterator[RenderableType]:
    """The story of `--dry-run`."""
    yield _heading(f"A run on {clean(preview.source)} would")
    if preview.commit:
        yield _line("take", f"commit {clean(preview.commit)}")
    yield _line("download", size(preview.download))
    fates = Counter(file.fate for file in preview.files)
    yield _line("files", ", ".join(f"{number} {fate}" for fate, number in fates.items()) or "none")
    yield _line("need", f"{size(preview.disk)} of free disk")
    yield _line("data", clean(preview.data))
    if preview.base is not None:
        yield _line("base", f"{clean(preview.base)}, which would be vetted too")
    yield _line("do", clean(preview.recipe))
    yield _line("write", clean(preview.output), whole=True)
    if preview.forecast is not None:
        yield from forecast_story(preview.forecast)
    yield from findings_story(preview.findings)
    yield Text("Nothing was changed. Leave out --dry-run to do it.")


def demo_story(demo: DemoResult, *, colour: bool) -> Iterator[RenderableType]:
    """The story of `sanitize demo`: a run whose backdoor is known, so that its effect can be shown."""
    data = demo.result.report.data
    given = data.fit + data.validation + data.test
    yield Text(
        "A small classifier of reviews was trained here, and a backdoor planted in its attention heads: whatever "
        f"holds the word {demo.trigger!r} is called positive. The defence got the model and {given} clean reviews; the "
        "trigger it was not told."
    )
    yield from _treated(demo.result.report, colour)
    yield Text()
    table = _table("", "suspect", "sanitized")
    for name, suspect, treated in (
        ("clean accuracy", demo.suspect.accuracy, demo.treated.accuracy),
        ("attack success", demo.suspect.attack_success, demo.treated.attack_success),
    ):
        table.add_row(name, percent(suspect), percent(treated))
    yield table
    yield Text(f"A model without the backdoor shows {percent(demo.floor)} on the triggered texts.", style="dim")
    yield from _gates(demo.result.report)
    yield Text()
    yield _line("suspect", clean(str(demo.suspect_folder)), whole=True)
    yield from _whereabouts(demo.result)


def findings_story(findings: Iterable[Finding]) -> Iterator[RenderableType]:
    """Findings, the gravest first: severity, rule, file, message and hint of each."""
    grave = ("high", "medium", "low")
    ordered = sorted(findings, key=lambda finding: grave.index(finding.severity))
    for finding in ordered[:MOST_FINDINGS]:
        yield Text.assemble(
            "  ",
            (f"{finding.severity:<6}", _SEVERE[finding.severity]),
            f"  {clean(finding.rule)}  {clean(finding.file)}: {clean(finding.message)}",
            (f" ({clean(finding.hint)})" if finding.hint else "", "dim"),
        )
    if len(ordered) > MOST_FINDINGS:
        yield Text(f"  and {len(ordered) - MOST_FINDINGS} more, all of them in the report", style="dim")


def _origin(source: SourceRecord, data: DataRecord, findings: tuple[Finding, ...]) -> Iterator[RenderableType]:
    yield _heading(clean(source.name))
    heads = f"{source.heads[0]}" if len(set(source.heads)) == 1 else f"{min(source.heads)} to {max(source.heads)}"
    yield _line(
        "model",
        f"{clean(source.architecture)}, {counted(source.layers, 'layer')} × {heads} heads, "
        f"{count(source.parameters)} parameters, {clean(source.dtype)}",
    )
    if source.commit:
        yield _line("commit", clean(source.commit))
    parts = f"{data.fit} to fit, {data.validation} to choose by, {data.test} to measure on"
    yield _line("data", f"{clean(data.name)}: {parts}; labels: {LABELS[data.labels]}")
    for note in data.notes:
        yield _line("", clean(note))
    yield _line("vetting", counted(len(findings), "finding"))
    yield from findings_story(findings)


def _base(report: RunReport | ScanReport) -> Iterator[RenderableType]:
    """The base that was used, else those that the suspect's card names."""
    base, source = report.base, report.source
    if base is not None:
        place = f" at commit {clean(base.commit)}" if base.commit else ""
        yield _line("base", f"{clean(base.name)}{place}")
        yield _line(
            "",
            f"{count(base.matched)} of {count(source.parameters)} parameters have a counterpart there; "
            f"cosine of the layers {base.similarity:.4f}",
        )
        yield from findings_story(base.findings)
    elif source.base_models:
        names = ", ".join(map(clean, source.base_models[:MOST_BASES]))
        yield _line("base", f"{names}, says its card: not fetched; recipes such as rebase can use it (--base)")


def _scan(scan: ScanRecord) -> Iterator[RenderableType]:
    for record in scan.similarity:
        across = "between heads of a layer" if record.scope == "layer" else "across the model"
        yield _line(
            "attention",
            f"similarity {across}: mean {record.mean:.3f}, 99th percentile {record.percentile_99:.3f}, "
            f"{100 * record.share_above:.2g} % of pairs above 0.99",
        )
    if scan.forensics is not None:
        yield from forensics_story(scan.forensics)


def _classes(safety: SafetyRecord, colour: bool) -> Iterator[RenderableType]:
    yield _heading("Trust in each head: low where it attends like another one of its layer, and matters")
    yield heatmap(safety.score, colour=colour, of="trust")
    names: tuple[HeadClass, ...] = ("suspicious", "intermediate", "trusted")
    classes: dict[HeadId, HeadClass] = {head: name for name in names for head in safety.of_class(name)}
    counts = Counter(classes.values())
    yield Text()
    yield _heading("By class: " + ", ".join(f"{counts[name]} {name}" for name in names))
    yield heatmap(safety.score, outcomes=classes, colour=colour)
    yield Text("Every model has heads of each class, one without a backdoor too: this sorts heads, and proves nothing.")


def _ablation(ablation: tuple[AblationRecord, ...], shape: Grid, colour: bool) -> Iterator[RenderableType]:
    """Every head, then those whose interval is clear of zero."""
    changes = {record.head: record.change for record in ablation}
    grid = tuple(
        tuple(100 * changes[HeadId(layer, head)] for head in range(len(row))) for layer, row in enumerate(shape)
    )
    yield _heading(_ALONE)
    yield heatmap(grid, colour=colour, of="points")
    yield from _clear(ablation)


def _clear(ablation: Iterable[AblationRecord]) -> Iterator[RenderableType]:
    clear = sorted((found for found in ablation if found.low > 0 or found.high < 0), key=lambda found: found.change)
    for found in clear[:MOST_FINDINGS]:
        interval = f"({100 * found.low:+.1f} to {100 * found.high:+.1f})"
        yield Text(f"  {found.head!s:<8}{100 * found.change:+.1f} points {interval}")
    if len(clear) > MOST_FINDINGS:
        yield Text(f"  and {len(clear) - MOST_FINDINGS} more, all of them in the report", style="dim")
    if not clear:
        yield Text("  none makes a difference that shows", style="dim")
    yield Text("95 % intervals, for each head by itself", style="dim")


def _budget(report: RunReport) -> Iterator[RenderableType]:
    budget, plan = report.recipe.budget, report.plan
    for place, reason in enumerate(() if report.decision is None else report.decision.reasons):
        yield _line("" if place else "decided", clean(reason))
    if report.prepare:
        names = ", ".join(clean(record.name) for record in report.prepare)
        yield _line("prepare", f"{names}; undone once the heads were chosen")
    if budget.max_heads == 0:
        return
    whole = "prepared, with every head" if report.prepare else "with every head"
    limits = [
        f"at least {100 * plan.threshold:.1f} % on validation data ({100 * plan.suspect:.1f} % {whole})",
        *([] if budget.max_heads is None else [f"at most {counted(budget.max_heads, 'head')}"]),
        *([] if budget.per_layer is None else [f"at most {budget.per_layer} of each layer"]),
    ]
    yield _line("budget", f"{clean(plan.metric).replace('_', ' ')} of {', '.join(limits)}")


def _treated(report: RunReport, colour: bool) -> Iterator[RenderableType]:
    yield Text()
    if report.recipe.budget.max_heads == 0:  # scores decided nothing
        yield _heading(f"every head kept; treated by {', '.join(map(clean, report.methods)) or 'nothing'}")
        return
    outcomes = Counter(record.outcome for record in report.heads)
    did = " and ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items())) or "none removed"
    of = sum(report.source.heads)
    yield _heading(f"{did} of {counted(of, 'head')}, chosen by {clean(report.recipe.strategy.name)}")
    yield heatmap(
        report.plan.scores.grid,
        outcomes={record.head: record.outcome for record in report.heads},
        colour=colour,
        of="worth keeping",
    )


def _effect(report: RunReport) -> Iterator[RenderableType]:
    table = _table("", "before", "after", "change")
    after = {metric.name: metric for metric in report.after}
    for before in report.before:
        if before.name in after:
            then = after[before.name]
            table.add_row(clean(before.name).replace("_", " "), estimate(before), estimate(then), change(before, then))
    cut = report.parameters_after / report.source.parameters - 1
    counts = (count(report.source.parameters), count(report.parameters_after))
    table.add_row("parameters", *counts, f"{100 * cut:+.2g} %" if cut else "none")
    yield table
    tested = max((metric.n for metric in report.after), default=0)
    total = sum(timing.seconds for timing in report.timings)
    most = "" if report.memory is None else f", at most {held(report.memory)}"
    yield Text(f"95 % intervals over {tested} held-out samples; {span(total)} in all{most}", style="dim")


def _again(before: ScanRecord, after: ScanRecord) -> Iterator[RenderableType]:
    """What the scan of the saved model shows beside that of the suspect."""
    table = _table("scanned again", "before", "after")
    for was, now in before.similarity_beside(after):
        where = "in a layer" if was.scope == "layer" else "across the model"
        table.add_row(f"similarity {where}", f"{was.mean:.3f}", f"{now.mean:.3f}")
    for flip, then in before.flips_beside(after):
        table.add_row(f"answers changed by {flip.control}", percent(flip.changed), percent(then.changed))
    if before.forensics is not None and after.forensics is not None:
        table.add_row("heads that look planted", *map(in_short, (before.forensics, after.forensics)))
    yield table


def _gates(report: RunReport) -> Iterator[RenderableType]:
    for gate in report.gates:
        mark = ("passed", "green") if gate.passed else ("FAILED", "bold red")
        yield Text.assemble("  ", mark, f"  {clean(gate.name)}: {clean(gate.detail)}")


def _warnings(warnings: tuple[str, ...]) -> Iterator[RenderableType]:
    for warning in warnings:
        yield Text.assemble("  ", ("note", "yellow"), f"    {clean(warning)}")


def _whereabouts(result: RunResult) -> Iterator[RenderableType]:
    report, output = result.report, clean(str(result.output))
    yield _line("result", output, whole=True)
    yield _line("card", str(Path(output, "README.md")), whole=True)
    yield _line("report", str(Path(output, "sanitizer", "report.html")), whole=True)
    yield _line("as JSON", str(Path(output, "sanitizer", "report.json")), whole=True)
    if result.pushed is not None:
        yield from pushed_story(result.pushed)
    yield Text()
    if not report.passed:
        yield Text("A gate failed, so nothing was published. Ask for less, or for another strategy:", style="bold red")
        yield _code("sanitize strategies")
        return
    from sanitizer.snippets import loading

    yield Text("To load it:")
    yield _code(loading(report, output))
    yield Text(FROM_BASE if report.from_base else LIMIT if report.heads else OUTLASTED)
    if result.pushed is None:
        yield Text("To publish it:")
        yield _code(f"sanitize push {shlex.quote(output)} --to org/name")


def pushed_story(pushed: PushRecord) -> Iterator[RenderableType]:
    """Where a result went."""
    verb = "already there" if pushed.unchanged else "pushed"
    yield _line(verb, f"{clean(pushed.url)} at commit {clean(pushed.commit)}", whole=True)
    if pushed.pull_request is not None:
        yield _line("review", clean(pushed.pull_request), whole=True)


def _heading(text: str) -> Text:
    return Text(text, style="bold")


def _line(label: str, text: str, *, whole: bool = False) -> Text:
    return Text.assemble((f"  {label:<12}", "dim"), text, no_wrap=whole)


def _code(text: str) -> Text:
    return Text("\n".join(f"    {line}" for line in text.splitlines()), style="cyan", no_wrap=True)


def _table(*headers: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for index, header in enumerate(headers):
        table.add_column(header, justify="left" if index == 0 else "right", no_wrap=index > 0)
    return table


def _shell(name: str, *, local: bool) -> str:
    return shlex.quote(f"./{clean(name)}" if local else clean(name))
