"""What came in and what was found, told on a terminal: the model, its texts, findings, heads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from sanitizer.heads import Grid, HeadId
from sanitizer.numbers import count, counted, leaning, named
from sanitizer.report import (
    AblationRecord,
    DataRecord,
    Finding,
    HeadClass,
    RunReport,
    SafetyRecord,
    ScanRecord,
    ScanReport,
    SourceRecord,
)
from sanitizer.terminal.forensics_story import forensics_story
from sanitizer.terminal.heatmap import heatmap
from sanitizer.terminal.lines import heading, line
from sanitizer.text import clean

LABELS = {"given": "given", "suspect": "the suspect's own predictions", "none": "none, next tokens serve"}
MOST_FINDINGS, MOST_BASES = 20, 3
ALONE = "What clean accuracy changes by without each head alone"
_SEVERE = {"high": "bold red", "medium": "yellow", "low": "dim"}


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


def model_lines(
    source: SourceRecord, findings: tuple[Finding, ...], between: Iterable[RenderableType] = ()
) -> Iterator[RenderableType]:
    """The model, its commit, what comes `between`, and what vetting found."""
    yield heading(clean(source.name))
    heads = f"{source.heads[0]}" if len(set(source.heads)) == 1 else f"{min(source.heads)} to {max(source.heads)}"
    yield line(
        "model",
        f"{clean(source.architecture)}, {counted(source.layers, 'layer')} × {heads} heads, "
        f"{count(source.parameters)} parameters, {clean(source.dtype)}",
    )
    if source.commit:
        yield line("commit", clean(source.commit))
    yield from between
    yield line("vetting", counted(len(findings), "finding"))
    yield from findings_story(findings)


def origin(source: SourceRecord, data: DataRecord, findings: tuple[Finding, ...]) -> Iterator[RenderableType]:
    """The model, its commit, the texts, and what vetting found."""
    parts = f"{data.fit} to fit, {data.validation} to choose by, {data.test} to measure on"
    texts = [line("data", f"{clean(data.name)}: {parts}; labels: {LABELS[data.labels]}")]
    yield from model_lines(source, findings, [*texts, *(line("", clean(note)) for note in data.notes)])


def base_lines(report: RunReport | ScanReport) -> Iterator[RenderableType]:
    """The base that was used, else those that the suspect's card names."""
    base, source = report.base, report.source
    if base is not None:
        place = f" at commit {clean(base.commit)}" if base.commit else ""
        yield line("base", f"{clean(base.name)}{place}")
        yield line(
            "",
            f"{count(base.matched)} of {count(source.parameters)} parameters have a counterpart there; "
            f"cosine of the layers {base.similarity:.4f}",
        )
        yield from findings_story(base.findings)
    elif source.base_models:
        names = ", ".join(map(clean, source.base_models[:MOST_BASES]))
        option = "--base card" if len(source.base_models) == 1 else "--base"
        yield line("base", f"{names}, says its card: not fetched; recipes such as rebase can use it ({option})")


def similarity(scan: ScanRecord, labels: Sequence[str]) -> Iterator[RenderableType]:
    """How alike heads attend, whether any looks planted, and to which label the model leans."""
    for record in scan.similarity:
        across = "between heads of a layer" if record.scope == "layer" else "across the model"
        yield line(
            "attention",
            f"similarity {across}: mean {record.mean:.3f}, 99th percentile {record.percentile_99:.3f}, "
            f"{100 * record.share_above:.2g} % of pairs above 0.99",
        )
    if scan.forensics is not None:
        yield from forensics_story(scan.forensics)
    if scan.leaning is not None:
        name = clean(named(scan.leaning.label, labels))
        answer = (f"to {name}", "bold red") if scan.leaning.clear else ("to no label clearly", "")
        most = leaning(scan.leaning) if scan.leaning.clear else f"most to {name}, {leaning(scan.leaning)}"
        yield Text.assemble(
            (f"  {'leaning':<12}", "dim"), answer, f": {most}, of {scan.leaning.texts} texts made to say less"
        )


def classes(safety: SafetyRecord, colour: bool) -> Iterator[RenderableType]:
    """A map of the scores, and one of the classes that follow from them."""
    yield heading("Trust in each head: low where it attends like another one of its layer, and matters")
    yield heatmap(safety.score, colour=colour, of="trust")
    names: tuple[HeadClass, ...] = ("suspicious", "intermediate", "trusted")
    classes: dict[HeadId, HeadClass] = {head: name for name in names for head in safety.of_class(name)}
    counts = Counter(classes.values())
    yield Text()
    yield heading("By class: " + ", ".join(f"{counts[name]} {name}" for name in names))
    yield heatmap(safety.score, outcomes=classes, colour=colour)
    yield Text("Every model has heads of each class, one without a backdoor too: this sorts heads, and proves nothing.")


def ablation_map(ablation: tuple[AblationRecord, ...], shape: Grid, colour: bool) -> Iterator[RenderableType]:
    """Every head, then those whose interval is clear of zero."""
    changes = {record.head: record.change for record in ablation}
    grid = tuple(
        tuple(100 * changes[HeadId(layer, head)] for head in range(len(row))) for layer, row in enumerate(shape)
    )
    yield heading(ALONE)
    yield heatmap(grid, colour=colour, of="points")
    yield from clear(ablation)


def clear(ablation: Iterable[AblationRecord]) -> Iterator[RenderableType]:
    """Heads without which clean accuracy changes by more than chance explains."""
    clear = sorted((found for found in ablation if found.low > 0 or found.high < 0), key=lambda found: found.change)
    for found in clear[:MOST_FINDINGS]:
        interval = f"({100 * found.low:+.1f} to {100 * found.high:+.1f})"
        yield Text(f"  {found.head!s:<8}{100 * found.change:+.1f} points {interval}")
    if len(clear) > MOST_FINDINGS:
        yield Text(f"  and {len(clear) - MOST_FINDINGS} more, all of them in the report", style="dim")
    if not clear:
        yield Text("  none makes a difference that shows", style="dim")
    yield Text("95 % intervals, for each head by itself", style="dim")
