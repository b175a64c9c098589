"""A report as one self-contained page: the template, its style and its script, and a policy that allows nothing else.

Names and texts in a report come from strangers: Jinja escapes all of them, `clean` takes away what moves a cursor or
reorders a line, and the Content-Security-Policy runs and loads nothing but the style and the script written here.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sanitizer.heads import HeadId
from sanitizer.html.choice import distribution, search
from sanitizer.html.cost import costs, fewer
from sanitizer.html.likeness import likeness
from sanitizer.html.maps import draw, frame
from sanitizer.html.matrix import matrix
from sanitizer.html.traits import Kind, Trait, traits
from sanitizer.html.verdict import verdict
from sanitizer.numbers import count, counted, percent, size, span
from sanitizer.report import SEVERITIES, RunReport, ScanReport
from sanitizer.text import clean

HERE = Path(__file__).parent
LONGEST = 400
"""Characters of one value that are shown."""
MOST_ROWS = 200
"""Rows of a table of files or findings; the report has them all."""


def render_page(report: RunReport | ScanReport) -> str:
    """The page, to be written as UTF-8. The same report gives the same page.

    Raises CorruptError for a report whose grids are not those of its model's heads.
    """
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    found = traits(report)
    run = report if isinstance(report, RunReport) else None
    findings = sorted(report.vetting.findings, key=lambda finding: -SEVERITIES.index(finding.severity))
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            report=report,
            run=run,
            policy=policy(style, script),
            style=Markup(style),  # noqa: S704  a file of this package
            script=Markup(script),  # noqa: S704  a file of this package
            verdict=verdict(report),
            frame=frame(report.source.heads),
            matrix=matrix(report.scan, report.source.heads),
            maps=[draw(trait) for trait in found],
            traits=found,
            rows=_rows(found),
            kinds=[trait for trait in found if isinstance(trait, Kind)],
            distribution=distribution(run) if run and run.recipe.budget.max_heads != 0 else None,
            search=search(run.plan) if run and run.plan.steps else None,
            costs=costs(run) if run else (),
            fewer=fewer(run) if run else "",
            likeness=likeness(report),
            again=run is not None and run.scan_after is not None,
            fates=Counter(file.fate for file in report.vetting.files),
            findings=findings,
            standing={(finding.rule, finding.file) for finding in report.vetting.standing},
            longest_step=max((timing.seconds for timing in report.timings), default=0.0) or 1.0,
            most=MOST_ROWS,
        )
    )


def _rows(found: Sequence[Trait]) -> list[tuple[str, list[str]]]:
    columns = [[text for row in trait.texts for text in row] for trait in found]
    heads = [HeadId(layer, head) for layer, row in enumerate(found[0].texts) for head in range(len(row))]
    return [(str(head), texts) for head, *texts in zip(heads, *columns, strict=True)]


def policy(style: str, script: str) -> str:
    """The Content-Security-Policy: this style, this script, and no connection, image, frame or form."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def shown(value: object) -> object:
    """For Jinja's `finalize`: text on one line, of what is seen alone, and not without end; escaping comes after."""
    if isinstance(value, Markup | int | float):
        return value
    text = clean(str(value))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def figure(value: object) -> object:
    """A number as short as it can be read: whole ones whole, others in four digits; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words: dict[str, Any] = {
        "count": count,
        "counted": counted,
        "size": size,
        "span": span,
        "percent": percent,
        "grouped": lambda number: f"{number:,}",
        "figure": figure,
    }
    environment.filters.update(words)
    return environment


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
