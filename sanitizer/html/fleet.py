"""The report of a fleet as one self-contained page, in the style of a run's and without any script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sanitizer.html.engine import dress, template
from sanitizer.html.page import MOST_ROWS
from sanitizer.numbers import counted, span
from sanitizer.report import SEVERITIES, CheckpointRecord, Finding, FleetAnswer, FleetReport

MODEL, REPORT = "model", "report.json"
CHIPS: Mapping[FleetAnswer, str] = {
    "refused": "refused",
    "inconclusive": "dropped",
    "gate failed": "high",
    "done": "rebuilt",
}
"""Answers to the colours that the style of a page has."""
EXPLAINED: Mapping[FleetAnswer, str] = {
    "refused": "must not be used",
    "inconclusive": "could not be completed, which is never a pass",
    "gate failed": "treated, but a gate failed",
    "done": "completed; what was found is in their reports",
}


@dataclass(frozen=True)
class Row:
    """A checkpoint in the table; `links` are (text, place), relative to the page."""

    record: CheckpointRecord
    chip: str
    findings: str
    took: str
    links: tuple[tuple[str, str], ...]


def render_fleet(report: FleetReport) -> str:
    """The page, to be written as UTF-8. The same report gives the same page."""
    order = list(report.counts)
    records = sorted(report.checkpoints, key=lambda record: (order.index(record.answer), record.line))
    doubts = [(record, finding) for record in records for finding in _grave(record)]
    return template("fleet.html.jinja").render(
        report=report,
        **dress(scripted=False),
        tone="good" if report.exit_code == 0 else "bad",
        line=_line(report),
        counts=report.counts,
        explained=EXPLAINED,
        rows=[_row(record, report) for record in records],
        doubts=doubts,
        most=MOST_ROWS,
    )


def _line(report: FleetReport) -> str:
    whole = counted(len(report.checkpoints) + len(report.missing), "checkpoint")
    bad = [f"{number} {answer}" for answer, number in report.counts.items() if number and answer != "done"]
    bad += [f"{len(report.missing)} not reached"] if report.missing else []
    return f"{whole}: {', '.join(bad)}" if bad else f"{whole}: all done"


def _grave(record: CheckpointRecord) -> list[Finding]:
    standing = record.vetting.standing if record.vetting is not None else ()
    return sorted((f for f in standing if f.severity != "low"), key=lambda f: -SEVERITIES.index(f.severity))


def _row(record: CheckpointRecord, report: FleetReport) -> Row:
    standing = record.vetting.standing if record.vetting is not None else ()
    grades = Counter(finding.severity for finding in standing)
    links = [("log", f"{record.folder}/log.txt")]
    if report.verb == "run" and record.answer in ("done", "gate failed"):
        links.insert(0, ("page", f"{record.folder}/{MODEL}/sanitizer/report.html"))
    return Row(
        record,
        CHIPS[record.answer],
        ", ".join(f"{grades[severity]} {severity}" for severity in reversed(SEVERITIES) if grades[severity]),
        "" if record.seconds is None else span(record.seconds),
        tuple(links),
    )
