"""JUnit XML: one test case for each file; it fails if a finding about it refuses."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from sanitizer.report import SEVERITIES, Finding, VetReport
from sanitizer.text import clean


def junit(reports: Iterable[VetReport]) -> str:
    """A suite for each report."""
    suites = Element("testsuites")
    suites.extend(map(_suite, reports))
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _suite(report: VetReport) -> Element:
    """Findings below `fail_on` are text beside a passed case; what could not be checked is an error."""
    names = [file.name for file in report.vetting.files]
    names += sorted({finding.file for finding in report.vetting.findings} - set(names))
    suite = Element("testsuite", name=f"sanitize vet {clean(report.source)}", tests=str(len(names)))
    grave = SEVERITIES[SEVERITIES.index(report.fail_on) :]
    failed = 0
    for name in names:
        case = SubElement(suite, "testcase", classname=clean(report.source), name=clean(name))
        about = [finding for finding in report.vetting.findings if finding.file == name]
        against = [finding for finding in about if finding.severity in grave and finding in report.vetting.standing]
        if against:
            failed += 1
            rules = ", ".join(dict.fromkeys(finding.rule for finding in against))
            SubElement(case, "failure", type=against[0].severity, message=rules).text = _lines(against)
        rest = [finding for finding in about if finding not in against]
        if rest:
            SubElement(case, "system-out").text = _lines(rest)
    suite.set("failures", str(failed))
    suite.set("errors", str(len(report.unknown)))
    for message in report.unknown:
        case = SubElement(suite, "testcase", classname=clean(report.source), name="could not be checked")
        SubElement(case, "error", message=clean(message))
    suite.set("tests", str(len(names) + len(report.unknown)))
    return suite


def _lines(findings: Iterable[Finding]) -> str:
    return "\n".join(
        clean(f"{finding.severity} {finding.rule}: {finding.message} ({finding.hint})") for finding in findings
    )
