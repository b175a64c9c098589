"""A fleet in Markdown, for a step summary or a comment: whatever a stranger named is a code span."""

from __future__ import annotations

from sanitizer.formats.markdown import MOST_ROWS
from sanitizer.markdown import code
from sanitizer.numbers import counted
from sanitizer.report import FleetReport


def markdown(report: FleetReport) -> str:
    """A heading, the counts, and a table of checkpoints, the gravest answers first."""
    counts = ", ".join(f"{number} {answer}" for answer, number in report.counts.items() if number)
    lines = [
        f"### sanitize fleet {code(report.list)}: {report.verb}",
        "",
        f"{counted(len(report.checkpoints), 'checkpoint')}: {counts or 'nothing'}"
        + (f"; {len(report.missing)} not reached" if report.missing else ""),
    ]
    if report.options:
        lines += ["", f"- options {code(' '.join(report.options))}"]
    order = list(report.counts)
    rows = sorted(report.checkpoints, key=lambda record: (order.index(record.answer), record.line))
    if rows:
        lines += ["", "| checkpoint | answer | why | tries |", "|---|---|---|---|"]
        lines += [
            f"| {code(record.name)} | {_loud(record.answer)} | {code(record.said)} | {record.tries} |"
            for record in rows[:MOST_ROWS]
        ]
    if len(rows) > MOST_ROWS:
        lines += ["", f"and {len(rows) - MOST_ROWS} more, all of them in the JSON report"]
    return "\n".join(lines) + "\n"


def _loud(answer: str) -> str:
    return answer if answer == "done" else f"**{answer}**"
