"""One recipe out of words and rows: who beats whom, and what is said twice."""

from __future__ import annotations

from typing import Any

import pytest

from sanitizer import needs
from sanitizer.errors import UsageError
from sanitizer.options import RunOptions
from sanitizer.plan import Budget
from sanitizer.recipe import Recipe, Step
from sanitizer.recipes import RECIPES
from sanitizer.resolve import budget_for, recipe_for


def settled(budget: dict[str, Any] | None = None, **typed: Any) -> Budget:
    recipe = Recipe("random", budget=budget or {})
    return budget_for(recipe_for(RunOptions("org/model", recipe=recipe, **typed)))


@pytest.mark.parametrize(
    ("said", "typed", "expected"),
    [
        ({}, {}, Budget(0.02)),
        ({"max_accuracy_drop": 0.1, "step": 3}, {}, Budget(0.1, step=3)),
        ({"min_accuracy": 0.85, "per_layer": 2}, {}, Budget(min_accuracy=0.85, per_layer=2)),
        ({"min_accuracy": 0.85, "per_layer": 2}, {"max_accuracy_drop": 0.0}, Budget(0.0, per_layer=2)),
        ({"max_accuracy_drop": 0.1, "step": 3}, {"min_accuracy": 0.0}, Budget(min_accuracy=0.0, step=3)),
        ({"min_accuracy": 0.85}, {"min_accuracy": 0.5}, Budget(min_accuracy=0.5)),
        ({"per_layer": 2, "max_heads": 9}, {"per_layer": 1}, Budget(0.02, 9, per_layer=1)),
        ({"max_heads": 9}, {"max_heads": 0}, Budget(0.02, 0)),
        ({"floor_per_layer": 0}, {}, Budget(0.02, None, 0)),
        ({"min_accuracy": None, "max_accuracy_drop": 0.1, "per_layer": None}, {}, Budget(0.1)),
    ],
)
def test_what_is_typed_beats_the_recipe_and_the_recipe_the_defaults(
    said: dict[str, Any], typed: dict[str, Any], expected: Budget
) -> None:
    assert settled(said, **typed) == expected


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        ({"max_accuracy_drop": 0.1, "min_accuracy": 0.5}, "both a drop and a floor"),
        ({"stepp": 3}, "no parameter of budget 'stepp'"),
        ({"step": "many"}, "step of budget cannot be 'many'"),
        ({"min_accuracy": 85}, "not a share"),
        ({"max_accuracy_drop": float("nan")}, "cannot be nan"),
        ({"per_layer": 0}, "per_layer must be at least 1"),
    ],
)
def test_a_budget_that_is_wrong_is_a_usage_error(budget: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        settled(budget)


def test_what_is_typed_does_not_hide_what_the_recipe_says_twice() -> None:
    with pytest.raises(UsageError, match="both a drop and a floor"):
        settled({"max_accuracy_drop": 0.1, "min_accuracy": 0.5}, max_accuracy_drop=0.3)


def test_heads_cannot_be_removed_before_they_are_chosen() -> None:
    recipe = Recipe("random", prepare=(Step("finetune"), Step("remove")))
    with pytest.raises(UsageError, match="prepare cannot remove heads"):
        recipe_for(RunOptions("org/model", recipe=recipe))


def test_a_step_of_prepare_is_checked_and_filled_as_treatments_are() -> None:
    recipe = recipe_for(RunOptions("org/model", recipe=Recipe("random", prepare=(Step("finetune", {"epochs": 1}),))))
    assert recipe.prepare[0].settings == {**recipe.treatments[1].settings, "epochs": 1}
    with pytest.raises(UsageError, match="no parameter of finetune 'epoch'"):
        recipe_for(RunOptions("org/model", recipe=Recipe("random", prepare=(Step("finetune", {"epoch": 1}),))))


def base_of(recipe: Recipe) -> str | None:
    return "org/base" if any(step.name in needs.BASE for step in (*recipe.prepare, *recipe.treatments)) else None


@pytest.mark.parametrize("name", RECIPES)
def test_a_filled_recipe_written_and_read_is_itself(name: str) -> None:
    base = base_of(RECIPES[name].recipe)
    filled = recipe_for(RunOptions("org/model", recipe=name, base=base))
    assert filled.budget.keys() & {"max_accuracy_drop", "min_accuracy"}
    again = recipe_for(RunOptions("org/model", recipe=Recipe.from_yaml(filled.to_yaml()), base=base))
    assert again == filled
    assert budget_for(again) == budget_for(filled)


@pytest.mark.parametrize("where", ["treatments", "prepare"])
def test_a_base_is_named_where_it_is_needed_and_nowhere_else(where: str) -> None:
    recipe = Recipe("random", **{where: (Step("embedding_reset"),)})
    with pytest.raises(UsageError, match="embedding_reset takes weights from the model that MODEL was made from"):
        recipe_for(RunOptions("org/model", recipe=recipe))
    assert recipe_for(RunOptions("org/model", recipe=recipe, base="./base"))
    with pytest.raises(UsageError, match="nothing in this recipe takes weights from a base") as caught:
        recipe_for(RunOptions("org/model", base="./base"))
    assert "--recipe rebase" in caught.value.hint


def test_where_nothing_is_removed_no_head_may_be_spent() -> None:
    assert [budget_for(recipe_for(RunOptions("org/model", recipe=name))).max_heads for name in ("ft", "pure")] == [
        0,
        None,
    ]


def test_a_strategy_and_its_row_are_the_same_run() -> None:
    typed = recipe_for(RunOptions("org/model", strategy="variance", settings={"samples": "9"}))
    assert typed.settings["samples"] == 9
    assert recipe_for(RunOptions("org/model", recipe="variance")) == recipe_for(
        RunOptions("org/model", strategy="variance")
    )
    with pytest.raises(UsageError, match="twice"):
        recipe_for(RunOptions("org/model", recipe="variance", settings={"samples": "9"}))
