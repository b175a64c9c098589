"""The report of a run or a scan as one self-contained page, which loads nothing and sends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sanitizer.heads import HeadId
from sanitizer.html.choice import distribution, search
from sanitizer.html.cost import costs, fewer
from sanitizer.html.engine import dress, template
from sanitizer.html.likeness import likeness
from sanitizer.html.maps import draw, frame
from sanitizer.html.matrix import matrix
from sanitizer.html.traits import Kind, Trait, traits
from sanitizer.html.verdict import verdict
from sanitizer.report import SEVERITIES, RunReport, ScanReport

MOST_ROWS = 200
"""Rows of a table of files or findings; the report has them all."""


def render_page(report: RunReport | ScanReport) -> str:
    """The page, to be written as UTF-8. The same report gives the same page.

    Raises CorruptError for a report whose grids are not those of its model's heads.
    """
    found = traits(report)
    run = report if isinstance(report, RunReport) else None
    findings = sorted(report.vetting.findings, key=lambda finding: -SEVERITIES.index(finding.severity))
    return template("page.html.jinja").render(
        report=report,
        run=run,
        **dress(),
        verdict=verdict(report),
        frame=frame(report.source.heads),
        matrix=matrix(report.scan, report.source.heads),
        maps=[draw(trait) for trait in found],
        traits=found,
        rows=rows(found),
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


def rows(found: Sequence[Trait]) -> list[tuple[str, list[str]]]:
    """The table of heads: the name of each, and what every trait says of it."""
    columns = [[text for row in trait.texts for text in row] for trait in found]
    heads = [HeadId(layer, head) for layer, row in enumerate(found[0].texts) for head in range(len(row))]
    return [(str(head), texts) for head, *texts in zip(heads, *columns, strict=True)]
