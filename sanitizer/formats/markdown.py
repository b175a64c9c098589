"""Markdown for a step summary or a comment: whatever a stranger named is a code span, in which nothing is markup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sanitizer.markdown import code
from sanitizer.report import SEVERITIES, Answer, VetReport

MOST_ROWS = 100
SAYS: Mapping[Answer, str] = {
    "passed": "passed",
    "refused": "**refused**",
    "inconclusive": "**inconclusive**: not everything could be checked",
}


def markdown(report: VetReport) -> str:
    """A heading, the answer, and a table of findings, the gravest first."""
    fates = Counter(file.fate for file in report.vetting.files)
    lines = [
        f"### sanitize vet {code(report.source)}",
        "",
        f"{SAYS[report.answer]} (fails on {report.fail_on} findings)",
        "",
        *([f"- commit {code(report.commit)}"] if report.commit else []),
        f"- sha256 over its files {code(report.digest)}",
        f"- files: {', '.join(f'{number} {fate}' for fate, number in sorted(fates.items())) or 'none'}",
        f"- a rebuilt copy is {'possible' if report.rebuildable else 'not possible'}",
        *(f"- could not be checked: {code(message)}" for message in report.unknown),
    ]
    if report.vetting.policy is not None:
        lines += [
            f"- policy {code(report.vetting.policy.sha256)}: {len(report.vetting.policy.waived)} findings waived",
            *(f"- waiver without effect: {code(text)}" for text in report.vetting.policy.unused),
        ]
    findings = sorted(report.vetting.standing, key=lambda finding: -SEVERITIES.index(finding.severity))
    if findings:
        lines += ["", "| severity | rule | file | finding | what to do |", "|---|---|---|---|---|"]
        lines += [
            f"| {finding.severity} | {code(finding.rule)} | {code(finding.file)} | {code(finding.message)} "
            f"| {code(finding.hint)} |"
            for finding in findings[:MOST_ROWS]
        ]
        if len(findings) > MOST_ROWS:
            lines += ["", f"and {len(findings) - MOST_ROWS} more, all of them in the JSON report"]
    return "\n".join(lines) + "\n"
