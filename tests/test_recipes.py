from __future__ import annotations

from pathlib import Path

import pytest

from sanitizer.errors import UsageError
from sanitizer.plugins import build
from sanitizer.recipe import Recipe
from sanitizer.recipes import RECIPES, find


@pytest.mark.parametrize("name", RECIPES)
def test_every_name_and_parameter_in_a_row_exists(name: str) -> None:
    recipe = find(name)
    build("sanitizer.strategies", recipe.strategy, recipe.settings)
    for step in recipe.treatments:
        build("sanitizer.treatments", step.name, step.settings)


def test_a_file_is_found_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("strategy: gradient\ntreatments: [remove]\n")
    assert (
        find(str(tmp_path / "mine.yaml")).treatments == Recipe.from_yaml("strategy: x\ntreatments: [remove]").treatments
    )


def test_what_is_neither_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no recipe or file 'puer'"):
        find("puer")
    with pytest.raises(UsageError, match="cannot be read"):
        find(str(tmp_path / "none.yaml"))
