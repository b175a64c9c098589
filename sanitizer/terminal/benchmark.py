"""A benchmark told on a terminal: a line for each victim that was planted and each cell, then the table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sanitizer.numbers import counted, span
from sanitizer.report import BenchmarkReport, BenchmarkRow, CellRecord, Hits, Metric, Spread
from sanitizer.terminal.plant_story import hardly_took
from sanitizer.text import clean

if TYPE_CHECKING:
    from sanitizer.benchmark.grid import Plan
    from sanitizer.benchmark.planting import Planted

NOTHING = "—"


def cell_line(record: CellRecord) -> Text:
    """`badnets, pure, seed 0: clean accuracy 87.9 %, attack success 21.1 %, 3 min 5 s`."""
    words = [record.victim, record.what] if record.recipe is None else [record.victim, record.recipe]
    title = clean(", ".join([*words, *([] if record.seed is None else [f"seed {record.seed}"])]))
    if record.failed is not None or record.clean is None or record.triggered is None:
        return Text.assemble((f"{title}: failed: ", "red"), clean(record.failed or ""))
    took = "" if record.run is None else f", {span(record.run.seconds)}"
    gate = ", a gate failed" if record.run is not None and record.run.failed_gates else ""
    numbers = f"clean accuracy {_share(record.clean)} %, attack success {_share(record.triggered)} %"
    return Text(f"{title}: {numbers}{took}{gate}")


def planted_line(planted: Planted) -> Text:
    """`sentence: planted, clean accuracy 89.4 → 89.0 %, attack success 8.1 → 100.0 %, 12 min`."""
    if planted.report is None:
        return Text.assemble((f"{clean(planted.victim)}: not planted: ", "red"), clean(planted.failed or ""))
    after = {metric.name: metric for metric in planted.report.after}
    changes = ", ".join(
        f"{'clean accuracy' if before.name == 'accuracy' else clean(before.name)} "
        f"{_metric(before)} → {_metric(after[before.name])} %"
        for before in planted.report.before
        if before.name in ("accuracy", "attack success")
    )
    weak = ": the attack hardly took" if hardly_took(planted.report) else ""
    return Text(f"{clean(planted.victim)}: planted, {changes}, {span(planted.seconds)}{weak}")


def plan_story(planned: Plan) -> Iterator[RenderableType]:
    """What `--dry-run` says."""
    waiting = {cell.stem for cell in planned.to_do}
    for victim in planned.to_plant:
        yield Text.assemble(("plant  ", "bold"), clean(f"{victim.name}: {victim.plant.title}"))
    for cell in planned.chosen:
        state = ("to do  ", "bold") if cell.stem in waiting else ("done   ", "dim")
        yield Text.assemble(state, clean(cell.title))
    plants = f"{counted(len(planned.to_plant), 'victim')} to plant; " if planned.to_plant else ""
    yield Text(f"{plants}{counted(len(planned.chosen), 'cell')}, {len(waiting)} to do. Nothing was run.")


def benchmark_story(report: BenchmarkReport, out: Path) -> Iterator[RenderableType]:
    """The table of README.md, in brief: means over seeds, in percent."""
    table = Table(box=None, pad_edge=False)
    for name in ("victim", "recipe"):
        table.add_column(name)
    for name in ("accuracy", "attack success", "floor", "heads", "time", "seeds"):
        table.add_column(name, justify="right")
    for victim in report.victims:
        came = (_metric(victim.accuracy), _metric(victim.attack_success), _metric(victim.floor))
        table.add_row(clean(victim.name), "(as it came)", *came, "", "", "")
        for row in report.rows:
            if row.victim == victim.name:
                table.add_row("", clean(row.recipe), *_cells(row))
    yield table
    for row in report.rows:
        for reason in row.failed:
            yield Text.assemble(("failed  ", "red"), clean(f"{row.victim}, {row.recipe}, {reason}"))
    yield Text()
    yield Text(f"  table       {out / 'README.md'}", no_wrap=True)
    yield Text(f"  results     {out / 'results.json'}", no_wrap=True)


def _cells(row: BenchmarkRow) -> tuple[str, ...]:
    heads = NOTHING if row.heads_removed is None else f"{row.heads_removed:.4g}"
    took = NOTHING if row.seconds is None else span(row.seconds)
    over = f" ({row.over_budget} failed a gate)" if row.over_budget else ""
    return _spread(row.accuracy), _spread(row.attack_success), "", heads, took, f"{len(row.seeds)}{over}"


def _spread(spread: Spread | None) -> str:
    return NOTHING if spread is None else f"{100 * spread.mean:.1f}"


def _metric(metric: Metric | None) -> str:
    return NOTHING if metric is None else f"{100 * metric.value:.1f}"


def _share(hits: Hits) -> str:
    return f"{100 * hits.count / hits.n:.1f}"
