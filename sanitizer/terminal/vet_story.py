"""The answer of `sanitize vet`, told on a terminal."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from sanitizer.mark import RULE as MARKED
from sanitizer.numbers import size
from sanitizer.report import SEVERITIES, Answer, VetReport
from sanitizer.terminal.found import findings_story
from sanitizer.terminal.lines import code, line
from sanitizer.text import clean
from sanitizer.vet.rules import Rule

_STYLE: Mapping[Answer, str] = {"passed": "green", "refused": "bold red", "inconclusive": "bold yellow"}


def vet_story(report: VetReport, *, rebuilt: Path | None, again: str | None = None) -> Iterator[RenderableType]:
    """What it is, what was found, the answer, what to do; `again` is the model as the user named it, for a shell."""
    yield Text(clean(report.source), style="bold")
    if report.commit:
        yield line("commit", clean(report.commit))
    yield line("sha256", report.digest)
    fates = Counter(file.fate for file in report.vetting.files)
    counts = ", ".join(f"{number} {fate}" for fate, number in sorted(fates.items())) or "none"
    yield line("files", f"{counts}; {size(sum(file.size for file in report.vetting.files))}")
    grades = Counter(finding.severity for finding in report.vetting.standing)
    counted = ", ".join(f"{grades[severity]} {severity}" for severity in reversed(SEVERITIES) if grades[severity])
    yield line("findings", counted or "none")
    yield from findings_story(report.vetting.standing)
    for template in report.vetting.templates:
        than = {"same": "the base's", "differs": "another than the base's", "unknown": "not compared (--base)"}
        yield line("template", f"{clean(template.file)} ({clean(template.name)}): {than[template.base]}")
    if report.vetting.policy is not None:
        for waiver in report.vetting.policy.waived:
            about = f"{clean(waiver.rule)}  {clean(waiver.file)}: {clean(waiver.reason)} (until {waiver.expires})"
            yield line("waived", about)
        for text in report.vetting.policy.unused:
            yield line("no effect", f"waiver {clean(text)}")
    if report.vetting.isolation is not None:
        held = ", ".join(report.vetting.isolation.held) or "nothing"
        missing = ", ".join(report.vetting.isolation.missing)
        yield line("isolation", clean(f"{held}{f'; not to be had here: {missing}' if missing else ''}"))
    for message in report.unknown:
        yield line("unknown", clean(message))
    yield Text.assemble(
        (f"  {'answer':<12}", "dim"), (report.answer, _STYLE[report.answer]), f" (fails on {report.fail_on} findings)"
    )
    marked = any(finding.rule == MARKED for finding in report.vetting.findings)
    done = rebuilt is not None and report.rebuildable
    if done:
        yield line("rebuilt", clean(str(rebuilt)), whole=True)
    if marked and report.rebuildable:
        yield Text("The backdoor is in the weights: a rebuilt copy has it too, and says so.", style="bold red")
    elif report.rebuildable and not done and report.answer != "passed":
        yield Text("Everything dangerous can be left behind. To get the copy without it:")
        name = clean(report.source) if report.commit else f"./{clean(report.source)}"
        yield code(f"sanitize vet {again or shlex.quote(name)} --rebuild ./rebuilt")
    elif not report.rebuildable:
        yield Text("A copy without it cannot be made: the model needs what is refused, or nothing is known about it.")


def rule_story(rule: Rule) -> Iterator[RenderableType]:
    """The page of one rule."""
    yield Text.assemble((rule.id, "bold"), f"  {rule.severity}")
    for label, text in (("what", rule.text), ("why", rule.why), ("do", rule.hint)):
        yield line(label, text)
    for source in rule.sources:
        yield line("see", source, whole=True)


def rules_story(rules: Iterable[Rule]) -> Iterator[RenderableType]:
    """One line for each rule."""
    for rule in rules:
        yield Text.assemble((f"{rule.id:<30}", "bold"), f"{rule.severity:<8}", rule.text)
