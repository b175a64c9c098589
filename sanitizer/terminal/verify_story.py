"""The answer of `sanitize verify`, told on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sanitizer.numbers import estimate
from sanitizer.report import ClaimAnswer, VerifyReport
from sanitizer.terminal.lines import line, table
from sanitizer.text import clean

_STYLE: Mapping[ClaimAnswer, str] = {"held": "green", "false": "bold red", "unknown": "bold yellow"}
_WORDS: Mapping[ClaimAnswer, str] = {"held": "holds", "false": "FALSE", "unknown": "unknown"}
_ANSWERS: Mapping[ClaimAnswer, str] = {
    "held": "every claim that was checked holds",
    "false": "it is not what it says",
    "unknown": "not everything could be checked, which is no pass",
}


def verify_story(report: VerifyReport) -> Iterator[RenderableType]:
    """What it is, claim by claim, the metrics side by side, the answer, and what none of this shows."""
    yield Text(clean(report.name), style="bold")
    if report.commit:
        yield line("commit", clean(report.commit))
    yield line("sha256", report.digest)
    for claim in report.claims:
        mark = (f"  {_WORDS[claim.answer]:<9}", _STYLE[claim.answer])
        yield Text.assemble(mark, (f"{claim.about:<12}", "bold"), f"{clean(claim.claim)}: ", clean(claim.found))
    if report.metrics:
        yield Text()
        yield _metrics(report)
        yield Text(f"95 % intervals over {max(row.found.n for row in report.metrics)} samples", style="dim")
    yield Text()
    counts = Counter(claim.answer for claim in report.claims)
    told = ", ".join(f"{counts[answer]} {answer}" for answer in _WORDS if counts[answer])
    yield Text.assemble((f"  {'answer':<12}", "dim"), (_ANSWERS[report.answer], _STYLE[report.answer]), f" ({told})")
    yield Text("Not shown:")
    for text in report.not_shown:
        yield Text(f"  - {clean(text)}")


def _metrics(report: VerifyReport) -> Table:
    same = any(row.claimed is not None for row in report.metrics)
    headers = ("", *(("claimed",) if same else ()), "measured again" if same else "on these other texts")
    rows = table(*headers)
    for row in report.metrics:
        told = ("not claimed" if row.claimed is None else estimate(row.claimed),) if same else ()
        rows.add_row(clean(row.found.name).replace("_", " "), *told, estimate(row.found))
    return rows
