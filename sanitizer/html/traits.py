"""What a report says of every head: each trait is a map and a column of the page, and a new one is a line here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, log10

from sanitizer.errors import CorruptError
from sanitizer.heads import Grid, HeadId
from sanitizer.report import AblationRecord, RunReport, ScanReport

Texts = tuple[tuple[str, ...], ...]
"""[layer][head] words."""


@dataclass(frozen=True)
class Amount:
    """A number of each head, drawn from the least to the greatest; `digits` count from that of the greatest.

    None is a head of which there is no such number.
    """

    name: str
    note: str
    grid: Sequence[Sequence[float | None]]
    digits: int = 4

    @property
    def texts(self) -> Texts:
        """The numbers, all with as many decimals, so that they stand one below the other."""
        return _decimals(self.grid, self.digits)


@dataclass(frozen=True)
class Balance:
    """A number of each head that is drawn by how far it is from zero, and on which side. `texts` say it in full."""

    name: str
    note: str
    grid: Grid
    texts: Texts


@dataclass(frozen=True)
class Kind:
    """One word of each head out of few, `words`."""

    name: str
    note: str
    texts: Texts
    words: tuple[str, ...]


Trait = Amount | Balance | Kind


def traits(report: RunReport | ScanReport) -> tuple[Trait, ...]:
    """In the order of the page. Raises CorruptError for a report whose grids are not those of its model's heads."""
    found = tuple(_traits(report))
    shape = list(report.source.heads)
    for trait in found:
        if [len(row) for row in trait.texts] != shape:
            raise CorruptError(
                f"the report has another shape of {trait.name.lower()!r} than its model has heads",
                hint="get the report again, or make it anew",
            )
    return found


def _traits(report: RunReport | ScanReport) -> Iterable[Trait]:
    scan, safety = report.scan, report.scan.safety
    if isinstance(report, RunReport):
        outcomes: dict[HeadId, str] = {record.head: record.outcome for record in report.heads}
        treated = "What was done to each head."
        yield Kind("Treatment", treated, _by_head(outcomes, report, "kept"), ("kept", "removed", "zeroed"))
    if scan.forensics is not None:
        looks = {suspect.head: "suspect" for suspect in scan.forensics.suspects}
        note = "Whether it looks planted, by weights and by what wakes it."
        yield Kind("Forensics", note, _by_head(looks, report, "unsuspected"), ("unsuspected", "suspect"))
    split = f"below {safety.tau:.2g} suspicious, above {1 - safety.tau:.2g} trusted"
    yield Kind("Class", f"By trust: {split}.", safety.classes, ("suspicious", "intermediate", "trusted"))
    yield Amount(
        "Trust", "Low where a head attends like another one of its layer, and matters.", safety.score, digits=3
    )
    if isinstance(report, RunReport) and report.recipe.budget.max_heads != 0:  # or the scores decided nothing
        scores = report.plan.scores
        yield Amount("Score", f"How much it is worth keeping, by {scores.of.strategy}: low ones go first.", scores.grid)
        if scores.spread is not None:
            yield Amount("Spread", "How far the score varied between draws.", scores.spread)
    yield Amount("Importance", "How much the loss on clean text depends on it.", scan.importance)
    yield Amount(
        "Similarity", "Mean cosine of its attention with that of its layer's others.", scan.mean_similarity, digits=3
    )
    if scan.ablation:
        yield _alone(scan.ablation, report)


def _by_head(words: dict[HeadId, str], report: RunReport | ScanReport, otherwise: str) -> Texts:
    return tuple(
        tuple(words.get(HeadId(layer, head), otherwise) for head in range(count))
        for layer, count in enumerate(report.source.heads)
    )


def _alone(ablation: tuple[AblationRecord, ...], report: RunReport | ScanReport) -> Balance:
    found = {record.head: record for record in ablation}
    try:
        rows = [
            [found[HeadId(layer, head)] for head in range(count)] for layer, count in enumerate(report.source.heads)
        ]
    except KeyError as missing:
        raise CorruptError(f"the report's ablation lacks the head {missing}", hint="make the report anew") from None
    return Balance(
        "Alone",
        "Points of clean accuracy that go, or come, when it alone is gated off, with 95 % intervals.",
        tuple(tuple(100 * record.change for record in row) for row in rows),
        tuple(tuple(_points(one) for one in row) for row in rows),
    )


def _points(record: AblationRecord) -> str:
    return f"{100 * record.change:+.1f} ({100 * record.low:+.1f} to {100 * record.high:+.1f})".replace("-", "−")


def _decimals(grid: Sequence[Sequence[float | None]], digits: int) -> Texts:
    most = max((abs(value) for row in grid for value in row if value is not None), default=0.0)
    decimals = 0 if most == 0 else min(max(digits - 1 - floor(log10(most)), 0), 12)
    return tuple(tuple("" if value is None else f"{value:.{decimals}f}" for value in row) for row in grid)
