"""What the page says of each head, against the records."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.records import GRID, PLAN, RECIPE, SCAN, SIMILAR, make_report, make_scan

from sanitizer.errors import CorruptError
from sanitizer.heads import HeadId
from sanitizer.html.traits import Amount, Balance, Kind, traits
from sanitizer.report import AblationRecord

EVERY = [HeadId(layer, head) for layer in range(3) for head in range(4)]


def ablated(change: float = -0.0125) -> tuple[AblationRecord, ...]:
    return tuple(AblationRecord(head, change * head.head, -0.03, 0.01, 150) for head in EVERY)


def named(report: object) -> dict[str, Amount | Balance | Kind]:
    return {trait.name: trait for trait in traits(report)}  # type: ignore[arg-type]


def test_a_run_says_what_was_done_and_a_scan_does_not() -> None:
    run, scan = named(make_report()), named(make_scan())
    assert list(run) == ["Treatment", "Forensics", "Class", "Trust", "Score", "Importance", "Similarity"]
    assert list(scan) == ["Forensics", "Class", "Trust", "Importance", "Similarity"]
    assert run["Treatment"].texts == (
        ("kept", "zeroed", "kept", "kept"),
        ("removed", "kept", "kept", "kept"),
        ("kept", "kept", "removed", "kept"),
    )


def test_numbers_are_those_of_the_report_with_as_many_decimals_each() -> None:
    found = named(make_report())
    for name, grid, off in (("Importance", GRID, 5e-5), ("Similarity", SIMILAR, 5e-4)):
        texts = found[name].texts
        assert len({len(text.partition(".")[2]) for row in texts for text in row}) == 1
        for said, row in zip(texts, grid, strict=True):
            assert [float(text) for text in said] == pytest.approx(row, abs=off)


@pytest.mark.parametrize(("most", "text"), [(0.0198, "0.01980"), (0.9, "0.9000"), (12.5, "12.50"), (98765.0, "98765")])
def test_the_greatest_has_four_digits(most: float, text: str) -> None:
    assert Amount("x", "", ((most, 0.0),)).texts[0][0] == text


def test_zeros_alone_are_zeros() -> None:
    assert Amount("x", "", ((0.0, 0.0),)).texts == (("0", "0"),)


def test_spread_and_ablation_are_there_where_the_report_has_them() -> None:
    scores = replace(PLAN.scores, spread=GRID)
    report = make_report(plan=replace(PLAN, scores=scores), scan=replace(SCAN, ablation=ablated()))
    found = named(report)
    assert list(found)[-4:] == ["Spread", "Importance", "Similarity", "Alone"]
    assert found["Alone"].texts[0][2] == "−2.5 (−3.0 to +1.0)"


def test_scores_that_decided_nothing_are_not_shown() -> None:
    none = replace(RECIPE, budget=replace(RECIPE.budget, max_heads=0))
    assert "Score" not in named(make_report(recipe=none, heads=()))


@pytest.mark.parametrize(
    "scan",
    [
        replace(SCAN, importance=GRID[:2]),
        replace(SCAN, mean_similarity=(*SIMILAR[:2], SIMILAR[2][:3])),
        replace(SCAN, safety=replace(SCAN.safety, score=())),
        replace(SCAN, ablation=ablated()[:-1]),
    ],
)
def test_grids_of_other_heads_are_refused(scan: object) -> None:
    with pytest.raises(CorruptError):
        traits(make_report(scan=scan))
