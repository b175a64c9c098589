"""Which recipe which evidence calls for, and that a run does what was decided."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.records import DATA, FORENSICS, LEANING
from helpers.runs import make_suspect, make_tsv, options

from sanitizer import pipeline
from sanitizer.auto import AUTO, decide
from sanitizer.errors import UsageError
from sanitizer.options import RunOptions
from sanitizer.output import FOLDER
from sanitizer.plugins import build
from sanitizer.recipe import Recipe
from sanitizer.report import DataRecord, ForensicsRecord, LeaningRecord, Task
from sanitizer.resolve import recipe_for

CALM = replace(FORENSICS, answer="nothing", reason="no head stands out", suspects=())
UNLABELLED = replace(DATA, labels="suspect")
GENERAL = replace(DATA, labels="none", origin="embedded")


@pytest.mark.parametrize(
    ("task", "data", "forensics", "base", "strategy", "steps"),
    [
        ("classification", DATA, CALM, False, "random", ["unlearn"]),
        ("classification", DATA, CALM, True, "random", ["rebase"]),
        ("classification", DATA, FORENSICS, False, "forensics", ["remove", "finetune"]),
        ("classification", DATA, FORENSICS, True, "random", ["rebase"]),
        ("classification", UNLABELLED, CALM, True, "random", ["rebase"]),
        ("classification", UNLABELLED, CALM, False, "gradient", ["remove"]),
        ("classification", UNLABELLED, FORENSICS, False, "forensics", ["remove"]),
        ("classification", DATA, None, False, "random", ["unlearn"]),
        ("causal", replace(DATA, labels="none"), CALM, False, "random", ["consistency"]),
        ("causal", replace(DATA, labels="none"), FORENSICS, False, "forensics", ["remove", "finetune"]),
        ("causal", replace(DATA, labels="none"), CALM, True, "random", ["rebase"]),
        ("causal", GENERAL, CALM, False, "gradient", ["remove"]),
        ("causal", GENERAL, CALM, True, "gradient", ["remove"]),
    ],
)
def test_evidence_decides(
    task: Task, data: DataRecord, forensics: ForensicsRecord | None, base: bool, strategy: str, steps: list[str]
) -> None:
    recipe, decision = decide(task, data, forensics, base=base)
    assert recipe.strategy == strategy
    assert [step.name for step in recipe.treatments] == steps
    said = " ".join(decision.reasons)
    assert all(name in said for name in steps if name != "remove")


@pytest.mark.parametrize("base", [False, True])
def test_a_label_that_the_model_clearly_leans_to_is_the_target(base: bool) -> None:
    recipe, decision = decide("classification", DATA, CALM, LEANING, base=base, labels=("negative", "positive"))
    repair, balance = recipe.treatments
    expected = ("rebase", {}) if base else ("unlearn", {"target": "1"})
    assert (repair.name, dict(repair.settings)) == expected
    assert dict(balance.settings) == {"target": "1"}
    assert any("leans to positive" in reason for reason in decision.reasons)


@pytest.mark.parametrize("leaning", [None, replace(LEANING, clear=False)])
def test_without_a_clear_leaning_a_classifier_is_treated_gently(leaning: LeaningRecord | None) -> None:
    recipe, decision = decide("classification", DATA, CALM, leaning, base=False)
    (repair,) = recipe.treatments
    assert repair.settings["target"] == "none"
    hard = build("sanitizer.treatments", "unlearn", {})
    assert build("sanitizer.treatments", repair.name, repair.settings).learning_rate < hard.learning_rate
    assert not any("leans to" in reason and "taken for" in reason for reason in decision.reasons)


@pytest.mark.parametrize("base", [False, True])
def test_the_heads_that_forensics_names_are_named_again(base: bool) -> None:
    _, decision = decide("classification", DATA, FORENSICS, base=base)
    assert all(str(suspect.head) in decision.reasons[0] for suspect in FORENSICS.suspects)


def test_settings_of_a_strategy_that_is_not_chosen_yet_are_refused_and_a_budget_is_kept() -> None:
    with pytest.raises(UsageError, match="auto has yet to choose"):
        recipe_for(RunOptions("org/model", strategy=AUTO, settings={"samples": "8"}))
    assert recipe_for(RunOptions("org/model", strategy=AUTO, min_accuracy=0.8)).budget["min_accuracy"] == 0.8


def test_a_run_does_what_was_decided_and_writes_it_down(tmp_path: Path) -> None:
    """Without labels, nothing is tuned; the recipe beside the result is the one that was used."""
    make_suspect(tmp_path / "bert")
    make_tsv(tmp_path / "clean.tsv", labelled=False)
    done = pipeline.run(options(tmp_path / "bert", tmp_path / "clean.tsv", tmp_path / "out", strategy=AUTO))
    report = done.report
    assert report.decision is not None
    recipe = Recipe.from_file(done.output / FOLDER / "recipe.yaml")
    expected, decision = decide("classification", report.data, report.scan.forensics, base=False)
    assert (recipe.strategy, report.decision) == (expected.strategy, decision)
    assert report.recipe.strategy.name == recipe.strategy != AUTO
    assert decision.reasons[0] in (done.output / "README.md").read_text()
