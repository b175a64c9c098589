"""Recipes: what is written reads back equal, and what is no recipe says why."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sanitizer.recipe as module
from sanitizer.errors import UsageError
from sanitizer.plan import Budget
from sanitizer.recipe import Recipe, Step

words = st.text(min_size=1, max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
settings = st.dictionaries(words, values, max_size=3)
steps = st.lists(st.builds(Step, words, settings), max_size=4).map(tuple)
recipes = st.builds(Recipe, words, settings, steps, settings, steps)


@given(recipes)
def test_what_is_written_reads_back_equal(recipe: Recipe) -> None:
    assert Recipe.from_yaml(recipe.to_yaml()) == recipe


def test_the_documented_example_means_what_it_says() -> None:
    assert module.__doc__ is not None
    example = module.__doc__.partition("::\n")[2].partition("\n\nThe budget")[0]
    assert Recipe.from_yaml(example) == Recipe(
        "gradient",
        {"of": "gate", "samples": 1024},
        (Step("remove"), Step("finetune", {"epochs": 3, "learning_rate": 2e-5})),
        {"min_accuracy": 0.85, "step": 10},
        (Step("finetune", {"epochs": 3}),),
    )
    words = module.__doc__.partition("\n\nThe budget")[2]
    assert set(re.findall(r"`(\w+)`", words)) == {field.name for field in fields(Budget)}


def test_what_says_nothing_is_not_written() -> None:
    assert Recipe("gradient", treatments=()).to_yaml() == "strategy: gradient\nsettings: {}\ntreatments: []\n"
    assert Recipe.from_yaml("strategy: gradient\nbudget:\nprepare:") == Recipe("gradient")


def test_a_strategy_alone_removes_and_tunes() -> None:
    assert Recipe.from_yaml("strategy: gradient") == Recipe("gradient")
    assert [step.name for step in Recipe("gradient").treatments] == ["remove", "finetune"]
    assert Recipe.from_yaml("strategy: gradient\ntreatments: []").treatments == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no strategy"),
        ("just words", "names no strategy"),
        ("- gradient", "names no strategy"),
        ("strategy: 3", "names no strategy"),
        ("strategy: [", "is no YAML"),
        ("strategy: !!python/object/apply:os.system ['true']", "is no YAML"),
        ("strategy: gradient\nsetings: {}", "no recipe key 'setings'"),
        ("strategy: gradient\nsettings: [1]", "settings and budget must be mappings"),
        ("strategy: gradient\nbudget: 0.02", "settings and budget must be mappings"),
        ("strategy: gradient\nprepare: finetune", "treatments and prepare must be lists"),
        ("strategy: gradient\nprepare: [3]", "3 is no treatment"),
        ("strategy: gradient\ntreatments: remove", "treatments and prepare must be lists"),
        ("strategy: gradient\ntreatments: [3]", "3 is no treatment"),
        ("strategy: gradient\ntreatments: [{remove: {}, finetune: {}}]", "is no treatment"),
        ("strategy: gradient\ntreatments: [{remove: 1}]", "is no treatment"),
        ("strategy: \x01", "is no YAML"),
    ],
)
def test_what_is_no_recipe_says_why_in_one_line(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        Recipe.from_yaml(text, name="mine.yaml")
    assert "\n" not in caught.value.message + caught.value.hint


def test_a_misspelt_key_is_guessed() -> None:
    with pytest.raises(UsageError) as caught:
        Recipe.from_yaml("strategy: gradient\ntreatment: []")
    assert "did you mean 'treatments'?" in caught.value.hint


def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    for name in ("none.yaml", "binary.yaml", "."):
        with pytest.raises(UsageError, match="cannot be read"):
            Recipe.from_file(tmp_path / name)
    (tmp_path / "good.yaml").write_text("strategy: gradient\n")
    assert Recipe.from_file(tmp_path / "good.yaml") == Recipe("gradient")
