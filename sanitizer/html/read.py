"""A report that has a page, read from its file."""

from __future__ import annotations

import json
from pathlib import Path

from sanitizer.errors import CorruptError, UsageError
from sanitizer.report import RunReport, ScanReport
from sanitizer.schema import from_json

SCHEMAS = {"run": "report", "scan": "scan"}


def read_report(path: Path) -> RunReport | ScanReport:
    """Read the JSON of a run or a scan. Raises CorruptError for what is neither, UsageError for another record."""
    try:
        text = path.read_text(encoding="utf-8")
        kind = json.loads(text)["kind"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise CorruptError(
            f"{path} is no report", hint="name the report.json of a run, or what `sanitize scan --json` prints"
        ) from error
    if not isinstance(kind, str) or kind not in SCHEMAS:
        raise UsageError(f"{path} is a record of another kind, which has no page", hint="a run and a scan have one")
    report = from_json(text, SCHEMAS[kind])
    assert isinstance(report, RunReport | ScanReport)
    return report
