"""What a scan sees besides single heads: how alike they attend, and how readily odd texts change answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sanitizer.numbers import leaning, named, percent
from sanitizer.report import FlipRecord, RunReport, ScanReport


@dataclass(frozen=True)
class Observed:
    """One observation, before a treatment and after it ("" where there was no second scan).

    `towards` is the label that most of the changed answers went to, in the latest scan.
    """

    name: str
    before: str
    after: str = ""
    towards: str = ""


def likeness(report: RunReport | ScanReport) -> tuple[Observed, ...]:
    """Mean similarities and shares of changed answers; of a run, beside those of the saved model where it has them."""
    before, after = report.scan, report.scan_after if isinstance(report, RunReport) else None
    again = {} if after is None else {record.scope: record for record in after.similarity}
    rows = [
        Observed(
            f"mean similarity of attention, {'within layers' if record.scope == 'layer' else 'across the model'}",
            f"{record.mean:.3f}",
            f"{again[record.scope].mean:.3f}" if record.scope in again else "",
        )
        for record in before.similarity
    ]
    then = {} if after is None else {flip.control: flip for flip in after.flips}
    for flip in before.flips:
        latest = then.get(flip.control, flip)
        rows.append(
            Observed(
                f"answers changed by {flip.control}",
                percent(flip.changed),
                percent(then[flip.control].changed) if flip.control in then else "",
                _towards(latest, report.source.labels),
            )
        )
    if before.leaning is not None:
        now = None if after is None else after.leaning
        last = now or before.leaning
        towards = named(last.label, report.source.labels) + ("" if last.clear else ", not clearly")
        name = "label that texts go over to when they say less"
        rows.append(Observed(name, leaning(before.leaning), leaning(now) if now else "", towards))
    return tuple(rows)


def _towards(flip: FlipRecord, labels: Sequence[str]) -> str:
    if flip.label is None:
        return ""
    return f"{named(flip.label, labels)} ({100 * flip.share:.0f} %)"
