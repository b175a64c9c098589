"""BenchmarkReport -> README.md, the table that people read. The same report gives the same page."""

from __future__ import annotations

from markupsafe import Markup

from sanitizer.markdown import fence, visible
from sanitizer.pages import template
from sanitizer.report import BenchmarkReport, Change, Metric, Spread, ToolRecord

TEMPLATE = "benchmark.md.jinja"
NOTHING = Markup("—")


def render_page(report: BenchmarkReport) -> str:
    """Markdown. Whatever the suite's author named appears as a code span."""
    runs = [cell.run for cell in report.cells if cell.run is not None]
    begun = sorted(cell.started for cell in report.cells if cell.failed is None)
    return template(TEMPLATE).render(
        report=report,
        failures=[(row, reason) for row in report.rows for reason in row.failed],
        tools=_distinct([run.tool for run in runs]),
        codes=len({run.code for run in runs}),
        memory=max((run.memory for run in runs), default=0),
        first=begun[0] if begun else "",
        last=begun[-1] if begun else "",
        command=fence(visible(report.command), "bash"),
        metric=_metric,
        change=_change,
        spread=_spread,
        number=_number,
        whole=_whole,
        known=_known,
        percent=_percent,
        count=_count,
        size=_size,
    )


def _known(value: str | int | None) -> str | int:
    return NOTHING if value is None else value


def _metric(metric: Metric | None) -> Markup:
    if metric is None:
        return NOTHING
    return Markup(f"{100 * metric.value:.1f} [{100 * metric.low:.1f}, {100 * metric.high:.1f}]")  # noqa: S704  numbers


def _spread(spread: Spread | None) -> Markup:
    if spread is None:
        return NOTHING
    between = f" ({100 * spread.least:.1f}–{100 * spread.most:.1f})" if spread.least != spread.most else ""
    interval = f"[{100 * spread.low:.1f}, {100 * spread.high:.1f}]"
    return Markup(f"**{100 * spread.mean:.1f}**{between} {interval}")  # noqa: S704  numbers


def _change(change: Change | None) -> Markup:
    if change is None:
        return NOTHING
    text = f"{100 * change.mean:+.1f}"
    bold = f"**{text}**" if change.sure else text
    return Markup(f"{bold} [{100 * change.low:+.1f}, {100 * change.high:+.1f}]")  # noqa: S704  numbers


def _number(value: float | None) -> Markup:
    return NOTHING if value is None else Markup(f"{value:.4g}")  # noqa: S704  a number


def _whole(value: float | None) -> Markup:
    return NOTHING if value is None else Markup(f"{value:.0f}")  # noqa: S704  a number


def _percent(share: float | None) -> Markup:
    return NOTHING if share is None else Markup(f"{100 * share:.1f}")  # noqa: S704  a number


def _count(value: int) -> Markup:
    return Markup(f"{value:,}")  # noqa: S704  a number


def _size(value: int) -> Markup:
    return Markup(f"{value / 1e9:.2f} GB")  # noqa: S704  a number


def _distinct(tools: list[ToolRecord]) -> list[ToolRecord]:
    return list(dict.fromkeys(tools))
