"""Whether the numbers of a report follow from each other: what whoever changes one of them must not forget."""

from __future__ import annotations

from collections.abc import Iterator

from sanitizer.errors import UsageError
from sanitizer.gates import accuracy_budget
from sanitizer.plan import ROUNDING, Budget
from sanitizer.report import BudgetRecord, ClaimRecord, Metric, RunReport
from sanitizer.verify.listing import several

CLAIM = "the run passed every gate, and its numbers follow from each other"
_COUNTED = ("accuracy", "agreement_with_suspect")
"""Names, or their ends, of metrics that are whole numbers of right answers over `n`."""


def numbers_claim(report: RunReport) -> ClaimRecord:
    """Gates, budget, heads and metrics, held against each other."""
    try:
        wrong = [*_gates(report), *_plan(report), *_metrics(report)]
    except UsageError as error:
        wrong = [error.message]
    if wrong:
        return ClaimRecord("numbers", CLAIM, "false", several(wrong))
    return ClaimRecord("numbers", CLAIM, "held", f"{len(report.gates)} gates passed; budget, heads and metrics agree")


def _gates(report: RunReport) -> Iterator[str]:
    failed = [gate.name for gate in report.gates if not gate.passed]
    if failed or not report.gates:
        yield f"the report itself says that a gate failed: {', '.join(failed) or 'none was asked'}"
    if not report.before or not report.after:
        yield "nothing was measured"
        return
    wanted = accuracy_budget(report.before[0], report.after[0], _budget(report.recipe.budget))
    told = {gate.name: gate for gate in report.gates}
    if told.get(wanted.name) != wanted:
        yield f"by the report's own metrics the gate `{wanted.name}` would say: {wanted.detail}"


def _plan(report: RunReport) -> Iterator[str]:
    plan, budget = report.plan, _budget(report.recipe.budget)
    if len(report.source.heads) != report.source.layers:
        yield "layers and heads of the source do not agree"
        return
    there = {(layer, head) for layer, count in enumerate(report.source.heads) for head in range(count)}
    if any((record.head.layer, record.head.head) not in there for record in report.heads):
        yield "a treated head is none of the source's"
        return
    heads = [record.head for record in report.heads]
    if heads != sorted(plan.remove) or len(set(heads)) != len(heads):
        yield "the treated heads are not those that the plan chose"
    elif [tuple(map(len, plan.scores.grid))] != [tuple(report.source.heads)]:
        yield "there are not as many scores as heads"
    elif any(record.score != plan.scores[record.head] for record in report.heads):
        yield "the scores of treated heads are not those of the plan"
    if report.recipe.layout == "dense" and any(record.outcome == "removed" for record in report.heads):
        yield "heads were cut out in a dense layout"
    if abs(plan.threshold - budget.threshold(plan.suspect)) > ROUNDING:
        yield "the plan's threshold is not that of the budget"
    if plan.remove and not budget.holds(plan.achieved, plan.suspect):
        yield "the plan is not within its budget"
    if report.parameters_after > report.source.parameters:
        yield "the result has more parameters than the source"


def _metrics(report: RunReport) -> Iterator[str]:
    for metric in (*report.before, *report.after):
        if not metric.low <= metric.value <= metric.high:
            yield f"{metric.name} lies outside of its own interval"
        if metric.name.endswith(_COUNTED) and not _whole(metric):
            yield f"{metric.name} of {metric.value:.6f} is no number of right answers over {metric.n}"
        if report.source.task == "classification" and metric.n != report.data.test:
            yield f"{metric.name} is over {metric.n} texts, and {report.data.test} were held out"


def _whole(metric: Metric) -> bool:
    hits = metric.value * metric.n
    return metric.low >= 0 and metric.high <= 1 and abs(hits - round(hits)) < 1e-3


def _budget(record: BudgetRecord) -> Budget:
    """Raises UsageError for values that no budget can have."""
    drop = Budget.max_accuracy_drop if record.max_accuracy_drop is None else record.max_accuracy_drop
    return Budget(drop, record.max_heads, record.floor_per_layer, record.min_accuracy, record.per_layer, record.step)
