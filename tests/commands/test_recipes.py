from __future__ import annotations

import json
from typing import Any

import pytest

from sanitizer.recipe import Recipe
from sanitizer.recipes import RECIPES


@pytest.mark.parametrize("words", [("recipes",), ("recipes", "list")])
def test_every_recipe_is_listed(sanitize: Any, words: tuple[str, ...]) -> None:
    told = sanitize(*words)
    assert told.exit_code == 0
    assert [line.split()[0] for line in told.stdout.splitlines()] == list(RECIPES)
    assert all(line.endswith(row.about) for line, row in zip(told.stdout.splitlines(), RECIPES.values(), strict=True))
    rows = json.loads(sanitize(*words, "--json").stdout)
    assert {row["name"]: Recipe.from_yaml(row["recipe"]) for row in rows} == {
        name: row.recipe for name, row in RECIPES.items()
    }


@pytest.mark.parametrize("words", [("recipes",), ("recipes", "show")])
def test_a_recipe_is_shown_as_yaml_that_reads_back(sanitize: Any, words: tuple[str, ...]) -> None:
    for name, row in RECIPES.items():
        assert Recipe.from_yaml(sanitize(*words, name).stdout) == row.recipe
    shown = json.loads(sanitize(*words, "pure", "--json").stdout)
    assert (shown["name"], Recipe.from_yaml(shown["recipe"])) == ("pure", RECIPES["pure"].recipe)


def test_options_may_come_before_the_name(sanitize: Any) -> None:
    assert sanitize("recipes", "--json", "pure").stdout == sanitize("recipes", "show", "pure", "--json").stdout


@pytest.mark.parametrize("words", [("puer",), ("show", "puer"), ("show",), ("pure", "ft"), ("list", "pure")])
def test_words_that_are_wrong_are_a_usage_error(sanitize: Any, words: tuple[str, ...]) -> None:
    told = sanitize("recipes", *words)
    assert (told.exit_code, told.stdout) == (2, "")
    assert "puer" not in words or "did you mean 'pure'" in told.stderr


@pytest.mark.parametrize("words", [("-h",), ("--help",), ("show", "--help"), ("list", "-h")])
def test_help_is_help(sanitize: Any, words: tuple[str, ...]) -> None:
    told = sanitize("recipes", *words)
    assert told.exit_code == 0
    assert "Usage" in told.stdout


def test_a_name_reaches_the_run(sanitize: Any, pipeline: Any) -> None:
    assert sanitize("org/model", "--recipe", "pure").exit_code == 0
    assert pipeline.asked[0][1].recipe == RECIPES["pure"].recipe
    assert sanitize("org/model", "--recipe", "puer").exit_code == 2
