"""The answer in ten seconds: which heads were suspect, what was done, whether it held, what it cost.

It never says that a model can be trusted: the effect on a backdoor is not measured, because that takes its trigger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sanitizer.heads import HeadId
from sanitizer.html.cost import changed, fewer
from sanitizer.numbers import count, counted, estimate, span
from sanitizer.report import Metric, RunReport, SafetyRecord, ScanReport

Tone = Literal["good", "bad", "plain"]
MOST_NAMED = 8
UNMEASURED = "Not measured: the effect on a backdoor. That takes its trigger, which a defender does not have."
SORTED = "Every model has such heads, one without a backdoor too."


@dataclass(frozen=True)
class Tile:
    """One question, its answer in a few words, and what there is to add, a line each."""

    question: str
    answer: str
    lines: tuple[str, ...]
    tone: Tone = "plain"


@dataclass(frozen=True)
class Verdict:
    """One line for the whole report, and four tiles."""

    line: str
    tone: Tone
    tiles: tuple[Tile, ...]


def verdict(report: RunReport | ScanReport) -> Verdict:
    """What a reader takes away if nothing else is read."""
    return _of_run(report) if isinstance(report, RunReport) else _of_scan(report)


def _of_run(report: RunReport) -> Verdict:
    failed = [gate.name for gate in report.gates if not gate.passed]
    if failed:
        held = f"Not fit for publication: {_listed(failed)} failed."
    elif report.gates:
        held = "Treated, and every gate passed."
    else:
        held = "Not fit for publication: no gate was run."
    line = f"{held} {done(report)}{_spent(report)}."
    tone: Tone = "good" if report.passed else "bad"
    return Verdict(line, tone, (_suspects(report), _did(report), _held(report), _cost(report)))


def _of_scan(report: ScanReport) -> Verdict:
    suspicious = len(report.scan.safety.of_class("suspicious"))
    heads, forensics = counted(sum(report.source.heads), "head"), report.scan.forensics
    line = f"Looked at, and not changed: {suspicious} of {heads} look suspicious."
    if forensics is not None:
        planted = len(forensics.suspects) or ("none" if forensics.answer == "nothing" else "an unknown number")
        line = f"Looked at, and not changed: {planted} of {heads} look planted."
    findings = report.vetting.standing
    likeness = [
        f"{'Between heads of a layer' if record.scope == 'layer' else 'Across the model'}: mean {record.mean:.3f}, "
        f"99th percentile {record.percentile_99:.3f}"
        for record in report.scan.similarity
    ]
    tiles = [
        _suspects(report),
        Tile("How alike do heads attend?", f"{max((r.mean for r in report.scan.similarity), default=0):.2f} on average",
             tuple(likeness)),
        Tile("What is in the files?", counted(len(findings), "finding"),
             tuple(f"{finding.severity}: {finding.rule}" for finding in findings[:4])),
    ]  # fmt: skip
    if report.inputs is not None:
        asked = report.inputs
        tiles.append(Tile("Are the inputs unlike clean ones?", asked.answer.capitalize(), (asked.reason,)))
    return Verdict(line, "plain", tuple(tiles))


def _suspects(report: RunReport | ScanReport) -> Tile:
    """What forensics says comes first; without it, how the safety score sorts heads."""
    safety, forensics = report.scan.safety, report.scan.forensics
    heads = sorted(safety.of_class("suspicious"), key=lambda head: _trust(safety, head))
    all_heads = sum(report.source.heads)
    trust = f"The least trusted first: {_listed(heads)}." if heads else "None is classed suspicious."
    if forensics is None:
        return Tile("Which heads were suspect?", f"{len(heads)} of {all_heads}", (trust, *_gone(report, heads), SORTED))
    planted = [suspect.head for suspect in forensics.suspects]
    answer = {"nothing": "None looks planted", "inconclusive": "Inconclusive"}.get(
        forensics.answer, f"{len(planted)} of {all_heads} look planted"
    )
    lines = [f"Forensics: {forensics.reason}."]
    if planted:
        lines += [f"{_listed(planted)}.", *_gone(report, planted)]
    lines.append(f"By trust, {len(heads)} are classed suspicious. {trust} {SORTED}")
    return Tile("Which heads were suspect?", answer, tuple(lines), "bad" if planted else "plain")


def _gone(report: RunReport | ScanReport, heads: Sequence[HeadId]) -> tuple[str, ...]:
    if not isinstance(report, RunReport) or not heads:
        return ()
    gone = len({record.head for record in report.heads}.intersection(heads))
    return (f"{gone} of them {'is' if gone == 1 else 'are'} gone." if gone else "None of them is gone.",)


def _trust(safety: SafetyRecord, head: HeadId) -> tuple[float, HeadId]:
    return safety.score[head.layer][head.head], head


def _did(report: RunReport) -> Tile:
    budget, strategy = report.recipe.budget, report.recipe.strategy.name
    lines = []
    if report.heads:
        limit = (
            f"accuracy of at least {100 * budget.min_accuracy:.4g} %"
            if budget.min_accuracy is not None
            else f"a budget of {100 * (budget.max_accuracy_drop or 0):.4g} points of accuracy"
        )
        lines.append(f"Chosen by {strategy}, within {limit}.")
    if report.decision is not None:
        lines += [f"Decided by evidence: {reason}." for reason in report.decision.reasons]
    if report.prepare:
        lines.append(f"Before choosing, and undone after: {_listed([record.name for record in report.prepare])}.")
    applied = [record.name for record in report.treatments]
    lines.append(f"Treatments: {', then '.join(applied)}." if applied else "No treatment was applied.")
    return Tile("What was done?", _outcomes(report).capitalize(), tuple(lines))


def _held(report: RunReport) -> Tile:
    passed = sum(gate.passed for gate in report.gates)
    answer = f"{passed} of {counted(len(report.gates), 'gate')} passed" if report.gates else "No gate was run"
    lines = (*(f"{'✓' if gate.passed else '✗'} {gate.name}: {gate.detail}" for gate in report.gates), UNMEASURED)
    return Tile("Did it work?", answer, lines, "good" if report.passed else "bad")


def _cost(report: RunReport) -> Tile:
    lines = []
    before, after = _first(report)
    if before is not None and after is not None:
        lines.append(f"{before.name.replace('_', ' ').capitalize()} {estimate(before)} → {estimate(after)}")
        whose = {"given": "", "suspect": ", labelled by the untreated model", "none": ""}[report.data.labels]
        lines.append(f"95 % intervals, {counted(report.data.test, 'held-out text')}{whose}")
    lines.append(f"{count(report.parameters_after)} parameters, {fewer(report) or 'as many as before'}")
    lines.append(f"{span(sum(timing.seconds for timing in report.timings))} in all")
    answer = changed(before, after) if before is not None and after is not None else "Not measured"
    return Tile("What did it cost?", answer, tuple(lines))


def done(report: RunReport) -> str:
    """`2 removed and 1 zeroed of 12 heads`, its first letter large."""
    return f"{_outcomes(report).capitalize()} of {counted(sum(report.source.heads), 'head')}"


def _spent(report: RunReport) -> str:
    before, after = _first(report)
    if before is None or after is None:
        return ""
    return f"; {before.name.replace('_', ' ')} {changed(before, after)}"


def _first(report: RunReport) -> tuple[Metric | None, Metric | None]:
    before = report.before[0] if report.before else None
    return before, next((metric for metric in report.after if before and metric.name == before.name), None)


def _outcomes(report: RunReport) -> str:
    outcomes = Counter(record.outcome for record in report.heads)
    return " and ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items())) or "none removed"


def _listed(things: Sequence[object]) -> str:
    named = ", ".join(str(thing) for thing in things[:MOST_NAMED])
    return named if len(things) <= MOST_NAMED else f"{named} and {len(things) - MOST_NAMED} more"
