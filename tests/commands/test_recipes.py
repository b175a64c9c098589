from __future__ import annotations

import json
from typing import Any

from sanitizer.recipe import Recipe
from sanitizer.recipes import RECIPES


def test_every_recipe_is_listed_and_shown_as_yaml_that_reads_back(sanitize: Any) -> None:
    told = sanitize("recipes").stdout
    for name, row in RECIPES.items():
        assert row.about in told
        assert Recipe.from_yaml(sanitize("recipes", name).stdout) == row.recipe
    assert [entry["name"] for entry in json.loads(sanitize("recipes", "--json").stdout)] == list(RECIPES)


def test_an_unknown_name_is_a_usage_error(sanitize: Any) -> None:
    told = sanitize("recipes", "puer")
    assert told.exit_code == 2
    assert "did you mean 'pure'" in told.stderr


def test_a_name_reaches_the_run(sanitize: Any, pipeline: Any) -> None:
    assert sanitize("org/model", "--recipe", "pure").exit_code == 0
    assert pipeline.asked[0][1].recipe == RECIPES["pure"].recipe
    assert sanitize("org/model", "--recipe", "puer").exit_code == 2
