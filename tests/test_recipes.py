from __future__ import annotations

from pathlib import Path

import pytest

from sanitizer import needs, plugins
from sanitizer.errors import UsageError
from sanitizer.options import RunOptions
from sanitizer.plan import Budget
from sanitizer.recipe import Recipe, Step
from sanitizer.recipes import RECIPES, find
from sanitizer.resolve import budget_for, recipe_for


@pytest.mark.parametrize("name", RECIPES)
def test_every_name_and_parameter_in_a_row_exists(name: str) -> None:
    needs_base = any(step.name in needs.BASE for step in find(name).treatments)
    recipe = recipe_for(RunOptions("org/model", recipe=name, base="org/base" if needs_base else None))
    assert recipe.strategy == find(name).strategy
    assert "\n" not in RECIPES[name].about


def test_every_strategy_is_a_row_and_a_row_written_out_comes_before_it() -> None:
    names = plugins.names("sanitizer.strategies")
    assert set(names) <= set(RECIPES)
    assert [name for name in names if find(name) != Recipe(name)] == ["pure"]
    assert [step.name for step in find("pure").treatments] == ["remove", "normalize"]


@pytest.mark.parametrize("name", ["rebase", "reset-to-base", "embedding-reset"])
def test_recipes_with_a_base_say_that_they_need_one(name: str) -> None:
    with pytest.raises(UsageError, match="from the model that MODEL was made from") as caught:
        recipe_for(RunOptions("org/model", recipe=name))
    assert "--base" in caught.value.hint


PAPER = [name for name in RECIPES if name.startswith("paper/")]


@pytest.mark.parametrize("name", PAPER)
def test_a_paper_row_follows_the_published_protocol(name: str) -> None:
    """Three epochs of AdamW at 2e-5 in batches of 32, ten heads a step, accuracy of 0.85, tuned before and after."""
    recipe = recipe_for(RunOptions("org/model", recipe=name))
    assert recipe.strategy == name.removeprefix("paper/")
    assert budget_for(recipe) == Budget(min_accuracy=0.85, step=10)
    assert [step.name for step in recipe.prepare] == ["finetune"]
    last = "normalize" if recipe.strategy == "pure" else "finetune"
    assert [step.name for step in recipe.treatments] == ["remove", last]
    for step in (recipe.prepare[0], recipe.treatments[1]):
        assert (step.settings["epochs"], step.settings["learning_rate"], step.settings["batch_size"]) == (3, 2e-5, 32)
    assert last == "finetune" or recipe.treatments[1].settings["weight"] == 0.15


def test_the_paper_has_seven() -> None:
    six = {"gradient", "variance", "sparsity", "ensemble", "reinforce", "bayesian"}
    assert {name.removeprefix("paper/") for name in PAPER} == {*six, "pure"}


def test_a_file_is_found_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("strategy: gradient\ntreatments: [remove]\n")
    assert find(str(tmp_path / "mine.yaml")) == Recipe("gradient", treatments=(Step("remove"),))


def test_what_is_neither_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no recipe or file 'puer'"):
        find("puer")
    with pytest.raises(UsageError, match="no recipe or file 'paper/gradeint'") as caught:
        find("paper/gradeint")
    assert "did you mean 'paper/gradient'?" in caught.value.hint
    with pytest.raises(UsageError, match="cannot be read"):
        find(str(tmp_path / "none"))
    with pytest.raises(UsageError, match="cannot be read"):
        find("paper/gradient.yaml")


@pytest.mark.parametrize("name", ["ft", "fth", "meft", *PAPER])
def test_what_others_compare_with_is_tuned_for_all_its_epochs(name: str) -> None:
    recipe = RECIPES[name].recipe
    tunings = [step for step in (*recipe.prepare, *recipe.treatments) if step.name != "remove"]
    assert tunings
    for step in tunings:
        assert plugins.build("sanitizer.treatments", step.name, step.settings).patience == 0
