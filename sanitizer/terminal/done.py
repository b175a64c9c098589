"""What was decided and done, told on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from sanitizer.numbers import counted
from sanitizer.report import RunReport
from sanitizer.terminal.heatmap import heatmap
from sanitizer.terminal.lines import heading, line
from sanitizer.text import clean


def budget_lines(report: RunReport) -> Iterator[RenderableType]:
    """Why this recipe, what came before the choice, and what it might cost."""
    budget, plan = report.recipe.budget, report.plan
    for place, reason in enumerate(() if report.decision is None else report.decision.reasons):
        yield line("" if place else "decided", clean(reason))
    if report.prepare:
        names = ", ".join(clean(record.name) for record in report.prepare)
        yield line("prepare", f"{names}; undone once the heads were chosen")
    if budget.max_heads == 0:
        return
    whole = "prepared, with every head" if report.prepare else "with every head"
    limits = [
        f"at least {100 * plan.threshold:.1f} % on validation data ({100 * plan.suspect:.1f} % {whole})",
        *([] if budget.max_heads is None else [f"at most {counted(budget.max_heads, 'head')}"]),
        *([] if budget.per_layer is None else [f"at most {budget.per_layer} of each layer"]),
    ]
    yield line("budget", f"{clean(plan.metric).replace('_', ' ')} of {', '.join(limits)}")


def treated_lines(report: RunReport, colour: bool) -> Iterator[RenderableType]:
    """What became of the heads, as a map where scores decided it."""
    yield Text()
    if report.recipe.budget.max_heads == 0:  # scores decided nothing
        yield heading(f"every head kept; treated by {', '.join(map(clean, report.methods)) or 'nothing'}")
        return
    outcomes = Counter(record.outcome for record in report.heads)
    did = " and ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items())) or "none removed"
    of = sum(report.source.heads)
    yield heading(f"{did} of {counted(of, 'head')}, chosen by {clean(report.recipe.strategy.name)}")
    yield heatmap(
        report.plan.scores.grid,
        outcomes={record.head: record.outcome for record in report.heads},
        colour=colour,
        of="worth keeping",
    )
