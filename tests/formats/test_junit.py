"""JUnit: counts that add up, and text that is XML whatever it says."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from helpers.records import make_vet

from sanitizer.formats.junit import junit
from sanitizer.report import FileRecord, Finding, VetRecord, VetReport


def suite(report: VetReport) -> ElementTree.Element:
    (found,) = ElementTree.fromstring(junit([report]))
    return found


def test_a_file_is_a_case_and_a_refusing_finding_its_failure() -> None:
    found = suite(make_vet())
    assert (found.get("tests"), found.get("failures"), found.get("errors")) == ("4", "1", "0")
    cases = {case.get("name"): case for case in found}
    failure = cases["pytorch_model.bin"].find("failure")
    assert failure is not None
    assert failure.get("message") == "weights.pickle-unread"
    assert cases["training_args.bin"].find("failure") is None
    assert "nothing needs it" in str(cases["training_args.bin"].findtext("system-out"))


def test_fail_on_decides_what_fails() -> None:
    assert [suite(make_vet(fail_on=grade)).get("failures") for grade in ("low", "medium", "high")] == ["2", "1", "0"]


def test_what_could_not_be_checked_is_an_error() -> None:
    found = suite(make_vet(unknown=("x is truncated",)))
    assert (found.get("tests"), found.get("errors")) == ("5", "1")
    assert [error.get("message") for error in found.iter("error")] == ["x is truncated"]


def test_findings_about_the_whole_have_a_case() -> None:
    found = suite(make_vet(vetting=VetRecord((), (Finding("weights.none", "high", ".", "no weights"),))))
    assert [case.get("name") for case in found] == ["."]


def test_hostile_words_stay_words() -> None:
    name = 'a"><failure/>\x00\x1b]]>&'
    report = make_vet()
    files = (FileRecord(name, 0, "", "dropped", "x"),)
    vetting = VetRecord(files, (Finding("files.unneeded", "low", name, "]]><!-- \x08 \ud800", "<b>"),))
    found = suite(replace(report, vetting=vetting, source=name))
    assert found.get("failures") == "0"
    assert len(list(found.iter("failure"))) == 0
