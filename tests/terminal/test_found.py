"""What came in and what was found: a base, findings, heads."""

from __future__ import annotations

from dataclasses import replace

from helpers.records import BASE, PLAN, SCAN, SOURCE, make_preview, make_report, make_scan
from helpers.telling import lines, printed, run_told

from sanitizer.heads import HeadId
from sanitizer.report import AblationRecord, Finding, TreatmentRecord
from sanitizer.terminal.found import findings_story
from sanitizer.terminal.preview_story import preview_story
from sanitizer.terminal.story import scan_story


def test_a_base_is_told_whether_it_was_used_or_only_named() -> None:
    held = make_report(base=BASE, source=replace(SOURCE, base_models=("org/named",)))
    taken = TreatmentRecord("rebase", {}, {"parameters_from_base": 22_713_216.0}, 61.0)
    used = run_told(replace(held, treatments=(taken,)))
    assert f"  base        org/base at commit {'c' * 40}" in lines(used)
    assert "22.7 M of 22.7 M parameters have a counterpart there; cosine of the layers 0.9987" in used
    assert "rust_model.ot" in used
    assert "Weights were taken from the base: whatever it hides" in used
    assert "Only attention heads were treated" not in used
    assert "org/named" not in used
    assert "Weights were taken from the base" not in run_told(held), "it was only held against it"
    named = run_told(make_report(source=replace(SOURCE, base_models=("org/named",))))
    assert "base        org/named, says its card: not fetched; recipes such as rebase can use it (--base card)" in named
    assert "  base  " not in run_told(make_report())
    assert "org/base, which would be vetted too" in printed(preview_story(make_preview(base="org/base")))
    assert "the one that its card names, which would" in printed(preview_story(make_preview(base="card")))


def test_findings_are_told_the_gravest_first_and_not_without_end() -> None:
    findings = [Finding(f"rule-{index}", "low", "f", "m") for index in range(30)]
    story = printed(findings_story([*findings, Finding("worst", "high", "f", "m")])).splitlines()
    assert "worst" in story[0]
    assert len(story) == 21
    assert story[-1] == "  and 11 more, all of them in the report"


def test_a_scan_shows_score_and_class_of_each_head() -> None:
    story = printed(scan_story(make_scan(), model="org/reviews", colour=False))
    assert "By class: 5 suspicious, 4 intermediate, 3 trusted" in story
    assert "L0  ! + ! ." in story
    assert " 0 trust 0.1   9 trust 0.7" in story


def test_an_ablation_names_the_heads_that_make_a_difference() -> None:
    changes = {HeadId(0, 1): (-0.05, -0.08, -0.02), HeadId(2, 2): (0.01, -0.01, 0.03), HeadId(2, 3): (0.04, 0.01, 0.07)}
    ablation = tuple(AblationRecord(head, *changes.get(head, (0.0, -0.01, 0.01)), 256) for head in PLAN.scores.heads())
    scan = replace(SCAN, ablation=ablation)
    story = printed(scan_story(make_scan(scan=scan), model="org/reviews", colour=False))
    assert "  L0.H1   -5.0 points (-8.0 to -2.0)\n  L2.H3   +4.0 points (+1.0 to +7.0)\n95 %" in story
    run = run_told(make_report(scan=scan))
    assert "without each of them alone\n  L0.H1   -5.0 points (-8.0 to -2.0)\n95 %" in run, "of the three treated"
    quiet = replace(SCAN, ablation=ablation[:1])
    assert "none makes a difference that shows" in run_told(make_report(scan=quiet, heads=()))
