"""What a fleet leaves behind: a folder for each checkpoint, and one report about all of them in four forms."""

from __future__ import annotations

import shutil
from pathlib import Path

from sanitizer.files import replace_text
from sanitizer.fleet.work import MODEL, Outcome
from sanitizer.formats.fleet import markdown
from sanitizer.formats.sarif import Anchor, sarif
from sanitizer.html.fleet import render_fleet
from sanitizer.report import Answer, CheckpointRecord, FleetAnswer, FleetReport, VetRecord, VetReport
from sanitizer.schema import read_kept, write_report
from sanitizer.vet.rules import catalogue

RECORD, REPORT, LOG = "record.json", "report.json", "log.txt"
JSON, PAGE, SARIF, MARKDOWN = "fleet.json", "fleet.html", "fleet.sarif", "fleet.md"
FINISHED: tuple[FleetAnswer, ...] = ("done", "refused", "gate failed")
"""Answers that the same question would get again."""
_ANSWERS: dict[FleetAnswer, Answer] = {
    "done": "passed",
    "gate failed": "passed",  # the gate of the files has let it in
    "refused": "refused",
    "inconclusive": "inconclusive",
}


def load(folder: Path) -> CheckpointRecord | None:
    """The record of a checkpoint's folder; None where there is none, or a broken one."""
    record = read_kept(folder / RECORD, "checkpoint")
    return record if isinstance(record, CheckpointRecord) else None


def store(out: Path, outcome: Outcome) -> None:
    """Report and log first: where there is a record, they, and the model of a run, are those that it speaks of."""
    folder = out / outcome.record.folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).unlink(missing_ok=True)
    if outcome.record.answer in ("refused", "inconclusive"):  # of an earlier run, before something changed
        shutil.rmtree(folder / MODEL, ignore_errors=True)
    if outcome.report is None:
        (folder / REPORT).unlink(missing_ok=True)
    else:
        replace_text(folder / REPORT, outcome.report)
    replace_text(folder / LOG, outcome.log)
    write_report(outcome.record, folder / RECORD)


def write_all(report: FleetReport, out: Path, *, inside: bool) -> None:
    """Each form whole, or as it was. `inside`: the list lies where SARIF can point at it, below the working folder.

    Raises CorruptError for a report that does not validate.
    """
    write_report(report, out / JSON)
    replace_text(out / PAGE, render_fleet(report))
    replace_text(out / MARKDOWN, markdown(report))
    replace_text(out / SARIF, sarif_of(report, inside=inside))


def sarif_of(report: FleetReport, *, inside: bool) -> str:
    """A run of SARIF for each checkpoint; a finding lies in the list, at the line that names the model."""
    runs = [_vet(report, record) for record in report.checkpoints]
    anchors = [Anchor(report.list, record.line) for record in report.checkpoints] if inside else []
    return sarif(runs, catalogue(), anchors=anchors)


def _vet(report: FleetReport, record: CheckpointRecord) -> VetReport:
    inconclusive = record.answer == "inconclusive"
    return VetReport(
        sanitizer=report.sanitizer,
        source=record.name,
        revision=None,
        commit=record.commit,
        digest=record.digest or "",
        vetting=record.vetting or VetRecord((), ()),
        fail_on="medium",
        answer=_ANSWERS[record.answer],
        rebuildable=False,
        unknown=(record.said,) if inconclusive else (),
    )
