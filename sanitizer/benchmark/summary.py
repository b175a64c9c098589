"""From cells to the report of a benchmark: nothing is measured here, and every number comes out of a cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from sanitizer.benchmark.cells import Cell, What
from sanitizer.benchmark.digests import Digests
from sanitizer.benchmark.estimates import change, share, spread
from sanitizer.benchmark.suite import Suite, Unplanted, Victim
from sanitizer.benchmark.tables import Table
from sanitizer.report import (
    BenchmarkReport,
    BenchmarkRow,
    BenchmarkTexts,
    BenchmarkVictim,
    CellRecord,
    CellRun,
    Change,
    Hits,
    Metric,
    NamedRecipe,
    Spread,
)

Records = Mapping[str, CellRecord]
"""By `Cell.stem`."""


def summarise(
    suite: Suite, digests: Digests, tables: tuple[Table, Table], cells: Sequence[Cell], records: Records, command: str
) -> BenchmarkReport:
    """The whole; `tables` are the defender's data and the test texts, `records` the cells that were tried."""
    data, test = tables
    known = set(data.texts)
    return BenchmarkReport(
        name=suite.name,
        command=command,
        data=BenchmarkTexts(suite.data.name, digests.files[suite.data], len(data)),
        texts=suite.texts,
        test=BenchmarkTexts(
            suite.test.name, digests.files[suite.test], len(test), sum(text in known for text in test.texts)
        ),
        control=digests.models[suite.control],
        seeds=suite.seeds,
        recipes=tuple(NamedRecipe(entry.name, entry.recipe.to_yaml(one_line=True).strip()) for entry in suite.recipes),
        victims=tuple(
            _victim(victim, digests, _tried([cell for cell in cells if cell.victim == victim], records))
            for victim in suite.victims
        ),
        rows=tuple(
            _row([cell for cell in of_victim if cell.entry == entry], records, _came(of_victim, records))
            for victim in suite.victims
            for of_victim in [[cell for cell in cells if cell.victim == victim]]
            for entry in suite.recipes
        ),
        cells=_tried(cells, records),
    )


def _tried(cells: Sequence[Cell], records: Records) -> tuple[CellRecord, ...]:
    return tuple(records[cell.stem] for cell in cells if cell.stem in records)


def _victim(victim: Victim | Unplanted, digests: Digests, tried: Sequence[CellRecord]) -> BenchmarkVictim:
    def metric(what: What, name: str) -> Metric | None:
        for record in tried:
            hits = record.clean if name == "clean accuracy" else record.triggered
            if record.what == what and hits is not None:
                return share(name, hits)
        return None

    return BenchmarkVictim(
        name=victim.name,
        digest=digests.models[victim.model] if isinstance(victim, Victim) else None,
        triggered=None if victim.triggered is None else digests.files[victim.triggered],
        target=victim.target if isinstance(victim, Victim) else None,
        accuracy=metric("untreated", "clean accuracy"),
        attack_success=metric("untreated", "attack success"),
        floor=metric("control", "attack success"),
        plant=None if victim.plant is None else victim.plant.title,
    )


def _came(cells: Sequence[Cell], records: Records) -> CellRecord | None:
    """The victim as it came, if it was measured."""
    return next((record for record in _tried(cells, records) if record.what == "untreated"), None)


def _row(cells: Sequence[Cell], records: Records, came: CellRecord | None) -> BenchmarkRow:
    tried = _tried(cells, records)
    done = [record for record in tried if record.failed is None]
    runs = [record.run for record in done if record.run is not None]
    return BenchmarkRow(
        victim=cells[0].victim.name,
        recipe=cells[0].entry.name if cells[0].entry else "",
        seeds=tuple(record.seed for record in done if record.seed is not None),
        accuracy=_spread([record.clean for record in done]),
        attack_success=_spread([record.triggered for record in done]),
        heads_removed=_mean(runs, lambda run: run.heads_removed),
        parameters_removed=_mean(runs, lambda run: run.parameters_removed / run.parameters),
        seconds=_mean(runs, lambda run: run.seconds),
        cpu_seconds=_mean(runs, lambda run: run.cpu_seconds),
        memory=max((run.memory for run in runs), default=None),
        over_budget=sum(bool(run.failed_gates) for run in runs),
        failed=tuple(f"seed {record.seed}: {record.failed}" for record in tried if record.failed is not None),
        missing=len(cells) - len(tried),
        accuracy_change=_change([record.clean for record in done], None if came is None else came.clean),
        attack_change=_change([record.triggered for record in done], None if came is None else came.triggered),
    )


def _spread(hits: Sequence[Hits | None]) -> Spread | None:
    measured = tuple(found for found in hits if found is not None)
    return spread(measured) if measured else None


def _change(hits: Sequence[Hits | None], before: Hits | None) -> Change | None:
    measured = tuple(found for found in hits if found is not None)
    return change(measured, before) if measured and before is not None else None


def _mean(runs: Sequence[CellRun], value: Callable[[CellRun], float]) -> float | None:
    return fmean(map(value, runs)) if runs else None
