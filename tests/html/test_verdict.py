"""The line that a reader takes away, against reports whose outcome is known."""

from __future__ import annotations

from dataclasses import replace

from helpers.records import DATA, FORENSICS, RECIPE, SCAN, make_inputs, make_report, make_scan

from sanitizer.html.verdict import UNMEASURED, verdict
from sanitizer.report import DecisionRecord, Gate


def tile(report: object, number: int) -> str:
    found = verdict(report).tiles[number]  # type: ignore[arg-type]
    return " ".join((found.answer, *found.lines))


def test_a_run_that_passed() -> None:
    found = verdict(make_report())
    assert found.line == ("Treated, and every gate passed. 2 removed and 1 zeroed of 12 heads; accuracy −0.6 points.")
    assert found.tone == "good"


def test_a_failed_gate_comes_first_and_is_named() -> None:
    failed = make_report(gates=(Gate("accuracy", False, "0.8 is below 0.871"), Gate("load-back", True, "same")))
    found = verdict(failed)
    assert found.line.startswith("Not fit for publication: accuracy failed.")
    assert (found.tone, found.tiles[2].tone, found.tiles[2].answer) == ("bad", "bad", "1 of 2 gates passed")
    assert "✗ accuracy: 0.8 is below 0.871" in found.tiles[2].lines


def test_no_gate_is_no_pass() -> None:
    found = verdict(make_report(gates=()))
    assert found.line.startswith("Not fit for publication: no gate was run.")
    assert found.tone == "bad"


def test_suspects_are_named_from_the_least_trusted() -> None:
    # By hand from the records: L2.H3 0.1, L1.H1 0.2, L0.H2 0.3, L1.H3 0.4, L0.H0 0.44.
    listed = "The least trusted first: L2.H3, L1.H1, L0.H2, L1.H3, L0.H0."
    unasked = replace(SCAN, forensics=None)
    assert f"5 of 12 {listed} None of them is gone. Every model has such heads" in tile(make_report(scan=unasked), 0)
    assert listed in tile(make_report(), 0)
    nobody = replace(unasked, safety=replace(SCAN.safety, classes=(("trusted",) * 4,) * 3))
    assert "None is classed suspicious" in tile(make_report(scan=nobody), 0)


def test_heads_that_look_planted_come_first_and_whether_they_are_gone() -> None:
    assert tile(make_report(), 0).startswith("1 of 12 look planted Forensics: 1 of 12 stand out by 2 kinds")
    assert "L1.H0. 1 of them is gone." in tile(make_report(), 0)
    assert "L1.H0. None of them is gone." in tile(make_report(heads=()), 0)
    for answer, told in (("nothing", "None looks planted"), ("inconclusive", "Inconclusive")):
        scan = replace(SCAN, forensics=replace(FORENSICS, answer=answer, suspects=()))  # type: ignore[arg-type]
        assert tile(make_report(scan=scan), 0).startswith(told)


def test_what_auto_decided_is_told_with_what_was_done() -> None:
    assert "Decided by evidence: no base." in tile(make_report(decision=DecisionRecord(("no base",))), 1)


def test_what_was_done_and_by_which_budget() -> None:
    assert tile(make_report(), 1) == (
        "2 removed and 1 zeroed Chosen by gradient, within a budget of 2 points of accuracy. "
        "Treatments: remove, then finetune."
    )
    absolute = replace(RECIPE, budget=replace(RECIPE.budget, max_accuracy_drop=None, min_accuracy=0.85))
    assert "within accuracy of at least 85 %" in tile(make_report(recipe=absolute), 1)
    assert tile(make_report(heads=(), treatments=()), 1) == "None removed No treatment was applied."


def test_the_effect_on_a_backdoor_is_never_claimed() -> None:
    for report in (make_report(), make_report(gates=()), make_report(heads=())):
        assert UNMEASURED in verdict(report).tiles[2].lines


def test_labels_of_the_model_itself_are_said_with_the_cost() -> None:
    own = make_report(data=replace(DATA, labels="suspect"))
    assert "labelled by the untreated model" in tile(own, 3)
    assert "labelled" not in tile(make_report(), 3)
    assert tile(make_report(), 3).startswith("−0.6 points Accuracy 89.1 % (87.0–90.9) → 88.5 % (86.4–90.3)")


def test_without_numbers_none_is_made_up() -> None:
    found = verdict(make_report(before=(), after=()))
    assert found.tiles[3].answer == "Not measured"
    assert "points" not in found.line


def test_a_scan_changes_nothing_and_says_so() -> None:
    found = verdict(make_scan())
    assert found.line == "Looked at, and not changed: 1 of 12 heads look planted."
    assert len(found.tiles) == 3
    asked = verdict(make_scan(inputs=make_inputs())).tiles[3]
    assert asked.answer == "Abnormal"
