"""What is decided and done: a preparation leaves no trace but the choice, budgets hold for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import torch
from helpers.runs import make_tsv, options, stored

from sanitizer import pipeline
from sanitizer.output import FOLDER
from sanitizer.recipe import Recipe, Step


def test_no_head_to_remove_is_said_and_is_no_failure(place: Path, tmp_path: Path) -> None:
    done = pipeline.run(options(place / "bert", place / "clean.tsv", tmp_path / "out", max_heads=0))
    assert (done.report.heads, done.report.passed) == ((), True)
    assert any("every head was kept" in warning for warning in done.report.warnings)
    assert done.report.parameters_after == done.report.source.parameters


PREPARED = Recipe(
    "gradient",
    treatments=(Step("remove"),),
    prepare=(Step("finetune", {"epochs": 2, "learning_rate": 1e-2}),),
)


def test_a_preparation_decides_on_the_heads_and_leaves_no_other_trace(place: Path, tmp_path: Path) -> None:
    """Against the suspect itself: in the result, whatever is no removed head's is the suspect's, byte for byte."""
    plain, prepared = (
        pipeline.run(options(place / "bert", place / "clean.tsv", tmp_path / name, recipe=recipe, layout="dense"))
        for name, recipe in (("plain", replace(PREPARED, prepare=())), ("prepared", PREPARED))
    )
    assert prepared.report.plan.scores.grid != plain.report.plan.scores.grid, "it was scored after the preparation"
    assert prepared.report.plan.suspect != plain.report.plan.suspect, "and chosen there"
    assert prepared.report.before == plain.report.before, "the suspect is still the suspect"
    suspect, weights = stored(place / "bert"), stored(prepared.output)
    for record in prepared.report.heads:
        rows = slice(8 * record.head.head, 8 * record.head.head + 8)
        layer = f"bert.encoder.layer.{record.head.layer}.attention"
        for role in ("query", "key", "value"):
            suspect[f"{layer}.self.{role}.weight"][rows] = 0
            suspect[f"{layer}.self.{role}.bias"][rows] = 0
        suspect[f"{layer}.output.dense.weight"][:, rows] = 0
    assert len(prepared.report.heads) > 0
    assert weights.keys() == suspect.keys()
    assert all(torch.equal(weights[name], suspect[name]) for name in suspect)


def test_a_preparation_is_on_record(place: Path, tmp_path: Path) -> None:
    report = pipeline.run(options(place / "bert", place / "clean.tsv", tmp_path / "out", recipe=PREPARED)).report
    assert (report.recipe.prepare, report.recipe.treatments) == (("finetune",), ("remove",))
    assert [record.parameters["epochs"] for record in report.prepare] == [2]
    names = [timing.step for timing in report.timings]
    assert names.index("prepare: finetune") < names.index("score") < names.index("choose") < names.index("remove")
    assert Recipe.from_file(tmp_path / "out" / FOLDER / "recipe.yaml").prepare[0].settings["epochs"] == 2
    data = make_tsv(tmp_path / "unlabelled.tsv", labelled=False)
    unlabelled = pipeline.run(options(place / "bert", data, tmp_path / "none", recipe=PREPARED)).report
    assert (unlabelled.prepare, unlabelled.recipe.prepare) == ((), ())
    assert any(warning.startswith("prepare: finetune was left out") for warning in unlabelled.warnings)


def test_a_quota_takes_from_every_layer(place: Path, tmp_path: Path) -> None:
    words = {"per_layer": 1, "max_heads": None, "max_accuracy_drop": 1.0}
    report = pipeline.run(options(place / "bert", place / "clean.tsv", tmp_path / "out", **words)).report
    assert Counter(record.head.layer for record in report.heads) == {0: 1, 1: 1, 2: 1}
    for record in report.heads:
        assert record.score == min(report.plan.scores.grid[record.head.layer])


def test_an_absolute_floor_is_one_for_the_choice_and_for_the_gate(place: Path, tmp_path: Path) -> None:
    for floor, passes in ((0.05, True), (0.95, False)):
        words = {"min_accuracy": floor, "max_accuracy_drop": None}
        done = pipeline.run(options(place / "bert", place / "clean.tsv", tmp_path / str(floor), **words))
        assert done.report.plan.threshold == floor
        assert bool(done.report.heads) is passes
        assert done.report.gates[0].passed is passes is (done.report.after[0].value >= floor)
        assert f"the floor is {100 * floor:.2f}" in done.report.gates[0].detail
        assert (done.report.recipe.budget.max_accuracy_drop, done.report.recipe.budget.min_accuracy) == (None, floor)
