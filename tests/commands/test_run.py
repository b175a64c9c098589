"""`sanitize MODEL`: every option reaches the pipeline, and the result reaches stdout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.records import make_preview, make_report

from sanitizer.options import DataOptions, Gatekeeping, RunOptions
from sanitizer.recipe import Recipe
from sanitizer.recipes import find
from sanitizer.report import Gate
from sanitizer.schema import to_json, validate


def test_the_defaults_are_those_of_the_options_record(sanitize: Any, pipeline: Any) -> None:
    assert sanitize("org/model").exit_code == 0
    assert pipeline.asked == [("run", RunOptions("org/model"))]


def test_every_option_arrives(sanitize: Any, pipeline: Any) -> None:
    words = (
        *(
            "--strategy",
            "variance",
            "--set",
            "samples=9",
            "--data",
            "a.tsv",
            "--text-column",
            "t",
            "--label-column",
            "l",
        ),
        *("--revision", "v1", "--output", "out", "--force", "--layout", "dense", "--max-accuracy-drop", "0.05"),
        *(
            "--max-heads",
            "3",
            "--per-layer",
            "2",
            "--device",
            "cuda:1",
            "--dtype",
            "bfloat16",
            "--seed",
            "5",
            "--batch-size",
            "8",
            "--no-resume",
        ),
        *("--push-to", "me/model", "--public", "--create-pr", "--token", "hf_x", "-q"),
        *("--fail-on", "medium", "--drop-chat-template", "--require-sandbox"),
    )
    assert sanitize("org/model", *words).exit_code == 0
    expected = RunOptions(
        model="org/model",
        data=DataOptions("a.tsv", "t", "l"),
        revision="v1",
        device="cuda:1",
        dtype="bfloat16",
        seed=5,
        batch_size=8,
        resume=False,
        token="hf_x",
        strategy="variance",
        settings={"samples": "9"},
        output=Path("out"),
        force=True,
        layout="dense",
        max_accuracy_drop=0.05,
        max_heads=3,
        per_layer=2,
        push_to="me/model",
        private=False,
        create_pr=True,
        gate=Gatekeeping("medium", drop_chat_template=True, require_sandbox=True),
    )
    assert pipeline.asked == [("run", expected)]


def test_an_absolute_floor_arrives_and_a_drop_beside_it_is_an_error(sanitize: Any, pipeline: Any) -> None:
    assert sanitize("org/model", "--min-accuracy", "0.85").exit_code == 0
    assert pipeline.asked == [("run", RunOptions("org/model", min_accuracy=0.85))]
    both = sanitize("org/model", "--min-accuracy", "0.85", "--max-accuracy-drop", "0.02")
    assert (both.exit_code, len(pipeline.asked)) == (2, 1)
    assert "--max-accuracy-drop and --min-accuracy are two rules" in both.stderr


def test_a_base_arrives(sanitize: Any, pipeline: Any) -> None:
    assert sanitize("org/model", "--recipe", "rebase", "--base", "org/base").exit_code == 0
    (asked,) = pipeline.asked
    assert (asked[1].base, asked[1].recipe) == ("org/base", find("rebase"))


def test_a_recipe_replaces_the_strategy(sanitize: Any, pipeline: Any) -> None:
    Path("recipe.yaml").write_text("strategy: gradient\n")
    assert sanitize("org/model", "--recipe", "recipe.yaml").exit_code == 0
    assert pipeline.asked[0][1].recipe == Recipe("gradient")
    for words in (("--strategy", "gradient"), ("--set", "samples=3")):
        done = sanitize("org/model", "--recipe", "recipe.yaml", *words)
        assert done.exit_code == 2
        assert f"--recipe already says what {words[0]} would say" in done.stderr


@pytest.mark.parametrize("word", ["--create-pr", "--public"])
def test_how_to_publish_without_where_is_an_error(sanitize: Any, pipeline: Any, word: str) -> None:
    done = sanitize("org/model", word)
    assert (done.exit_code, pipeline.asked) == (2, [])
    assert "--push-to" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--max-accuracy-drop", "2"),
        ("--max-heads", "-1"),
        ("--per-layer", "0"),
        ("--min-accuracy", "85"),
        ("--recipe", "none.yaml"),
    ],
)
def test_a_value_out_of_range_is_an_error(sanitize: Any, pipeline: Any, words: tuple[str, str]) -> None:
    assert sanitize("org/model", *words).exit_code == 2
    assert pipeline.asked == []


def test_json_is_the_report_and_nothing_else(sanitize: Any, pipeline: Any) -> None:
    done = sanitize("org/model", "--json")
    assert (done.exit_code, done.stdout, done.stderr) == (0, to_json(make_report()), "")
    validate(json.loads(done.stdout), "report")


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_failed_gate_is_4_with_the_result_still_told(sanitize: Any, pipeline: Any, flags: tuple[str, ...]) -> None:
    pipeline.report = make_report(gates=(Gate("accuracy", False, "0.80 is below 0.87"),))
    done = sanitize("org/model", *flags)
    assert done.exit_code == 4
    assert "0.80 is below 0.87" in done.stdout
    assert done.stderr == "error: a gate failed: accuracy; the result must not be published\n"


def test_a_report_without_gates_has_passed_nothing(sanitize: Any, pipeline: Any) -> None:
    pipeline.report = make_report(gates=())
    assert sanitize("org/model").exit_code == 4


def test_dry_run_previews_and_does_not_run(sanitize: Any, pipeline: Any) -> None:
    done = sanitize("org/model", "--dry-run")
    assert (done.exit_code, [verb for verb, _ in pipeline.asked]) == (0, ["preview"])
    assert "Nothing was changed" in done.stdout
    assert sanitize("org/model", "--dry-run", "--json").stdout == to_json(make_preview())
