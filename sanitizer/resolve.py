"""What was typed and what the recipe says, made one recipe: every parameter filled in and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sanitizer import needs
from sanitizer.auto import AUTO
from sanitizer.errors import UsageError
from sanitizer.options import RunOptions
from sanitizer.plan import Budget
from sanitizer.plugins import build, fill
from sanitizer.recipe import Recipe, Step
from sanitizer.recipes import find
from sanitizer.report import BudgetRecord

RULES = ("max_accuracy_drop", "min_accuracy")
"""How much accuracy may be spent: one of the two says it."""


def recipe_for(options: RunOptions) -> Recipe:
    """The recipe if there is one, else the strategy's own; in the budget, what the options say beats the recipe.

    Raises UsageError for names and values that are wrong, and for what is said twice.
    """
    if options.recipe is None and options.strategy == AUTO:
        return _undecided(options)
    if options.recipe is None:
        given = Recipe(options.strategy, options.settings)
    elif options.settings:
        raise UsageError("--set and --recipe say the same thing twice", hint="write the settings into the recipe")
    else:
        given = options.recipe if isinstance(options.recipe, Recipe) else find(str(options.recipe))
    if any(step.name == "remove" for step in given.prepare):
        raise UsageError("prepare cannot remove heads: none is chosen yet", hint="it may tune, such as `[finetune]`")
    _check_base([step.name for step in (*given.prepare, *given.treatments)], options.base)
    return completed(given, options)


def completed(given: Recipe, options: RunOptions) -> Recipe:
    """The same with every setting filled in, and the budget merged with what was typed. Raises UsageError."""
    return Recipe(
        strategy=given.strategy,
        settings=asdict(build("sanitizer.strategies", given.strategy, given.settings)),
        treatments=_filled(given.treatments),
        budget=_merged(given.budget, options),
        prepare=_filled(given.prepare),
    )


def _undecided(options: RunOptions) -> Recipe:
    """What stands for a recipe until there is evidence; its budget is checked already."""
    if options.settings:
        raise UsageError(
            "--set is for one strategy, and auto has yet to choose", hint="name the strategy, or leave --set"
        )
    return Recipe(AUTO, budget=_merged({}, options))


def budget_for(recipe: Recipe) -> Budget:
    """The budget of a recipe that was filled in; one that removes nothing may spend no head."""
    budget = Budget(**recipe.budget)
    removes = any(step.name == "remove" for step in recipe.treatments)
    return budget if removes else replace(budget, max_heads=0)


def budget_of(budget: Budget) -> BudgetRecord:
    """The budget; a drop that an absolute floor replaces is left out."""
    drop = budget.max_accuracy_drop if budget.min_accuracy is None else None
    return BudgetRecord(
        drop, budget.min_accuracy, budget.max_heads, budget.per_layer, budget.floor_per_layer, budget.step
    )


def _check_base(names: Sequence[str], base: str | None) -> None:
    """Raises UsageError where weights of a base are needed and none is named, and where one is named for nothing."""
    using = [name for name in names if name in needs.BASE]
    if using and base is None:
        raise UsageError(
            f"{using[0]} takes weights from the model that MODEL was made from",
            hint="name it: --base org/base, or a folder",
        )
    if base is not None and not using:
        raise UsageError(
            "nothing in this recipe takes weights from a base",
            hint=f"--recipe rebase does, or {', '.join(sorted(needs.BASE))}",
        )


def _filled(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return tuple(Step(step.name, asdict(build("sanitizer.treatments", step.name, step.settings))) for step in steps)


def _merged(given: Mapping[str, Any], options: RunOptions) -> dict[str, Any]:
    """Every value of the budget that says something."""
    said = {key: value for key, value in given.items() if value is not None}
    if said.keys() >= set(RULES):
        raise UsageError("the recipe's budget says both a drop and a floor of accuracy", hint="keep one of the two")
    typed = {key: getattr(options, key) for key in (*RULES, "max_heads", "per_layer")}
    typed = {key: value for key, value in typed.items() if value is not None}
    replaced = RULES if typed.keys() & set(RULES) else ()
    said = {key: value for key, value in said.items() if key not in replaced} | typed
    filled = asdict(fill(Budget, "budget", said))
    idle = "min_accuracy" if filled["min_accuracy"] is None else "max_accuracy_drop"
    return {key: value for key, value in filled.items() if value is not None and key != idle}
