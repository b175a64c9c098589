"""Suites: what one means, and what is wrong with the others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.suites import PLANT, QUICK, make_suite

import sanitizer.benchmark.suite as module
from sanitizer.benchmark.plant import PLANT_KEYS
from sanitizer.benchmark.suite import KEYS, Unplanted, Victim, read_suite
from sanitizer.errors import UsageError
from sanitizer.recipe import Recipe, Step
from sanitizer.recipes import RECIPES
from sanitizer.redteam.registry import FILES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_suite(tmp_path_factory.mktemp("suite")).parent


def written(models: Path, **changes: Any) -> Path:
    """A suite beside the models of another, under a name of its own."""
    words = yaml.safe_load((models / "suite.yaml").read_text()) | changes
    path = models / "changed.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in words.items() if value is not None}))
    return path


def test_paths_are_relative_to_the_file(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    suite = read_suite(models / "suite.yaml")
    assert suite.data == models.resolve() / "train.csv"
    (victim,) = suite.victims
    assert isinstance(victim, Victim)
    assert victim.model == models.resolve() / "victim"
    assert (suite.texts, suite.seeds, suite.name) == (60, (0,), "tiny")


def test_recipes_are_rows_files_and_mappings(models: Path) -> None:
    (models / "mine.yaml").write_text("strategy: variance\n")
    suite = read_suite(written(models, recipes=["pure", "mine.yaml", QUICK]))
    assert [entry.name for entry in suite.recipes] == ["pure", "mine", "quick"]
    assert suite.recipes[0].recipe == RECIPES["pure"].recipe
    assert suite.recipes[1].recipe == Recipe("variance")
    assert suite.recipes[2].recipe == Recipe("random", treatments=(Step("remove"),))


def test_auto_is_left_to_each_run_and_may_be_told_of_a_base(models: Path) -> None:
    told = {"name": "told", "strategy": "auto", "base": "control"}
    plain, based = read_suite(written(models, recipes=["auto", told])).recipes
    assert (plain.name, plain.recipe.strategy, plain.base) == ("auto", "auto", None)
    assert (based.recipe, based.base) == (plain.recipe, models.resolve() / "control")
    assert {"unlearn", "rebase"} <= {plugin.name for plugin in module.plugins_of(plain.recipe)}


def test_a_suite_without_a_name_has_that_of_its_file(models: Path) -> None:
    assert read_suite(written(models, name=None)).name == "changed"


def test_the_documented_example_has_every_key() -> None:
    assert module.__doc__ is not None
    example = module.__doc__.partition("::\n")[2].partition("\n\nThe files")[0]
    words = yaml.safe_load(example)
    assert words.keys() | {"name"} == set(KEYS)
    plants = [victim["plant"] for victim in words["victims"] if "plant" in victim]
    assert isinstance(plants[0], str)
    assert plants[1].keys() == set(PLANT_KEYS)


def test_what_a_plant_leaves_out_is_the_suites(models: Path) -> None:
    here = models.resolve()
    (models / "own.csv").write_text("text,label\none,0\n")
    full = {**PLANT, "model": "other", "data": "own.csv", "test": "own.csv", "seed": 4}
    short, long, measured, both = read_suite(
        written(
            models,
            victims=[
                {"name": "short", "plant": "addsent"},
                {"name": "long", "plant": full},
                {"name": "measured", "plant": PLANT, "triggered": "triggered.csv"},
                {"name": "both", "plant": full, "triggered": "triggered.csv"},
            ],
        )
    ).victims
    assert isinstance(short, Unplanted) and short.plant is not None
    assert (short.plant.attack, short.plant.settings, short.plant.seed) == ("addsent", (), 0)
    assert (short.plant.model, short.plant.data, short.plant.test) == (
        here / "control",
        here / "train.csv",
        here / "test.csv",
    )
    assert long.plant is not None and measured.plant is not None and both.plant is not None
    assert (long.plant.model, long.plant.data, long.plant.test) == (here / "other", here / "own.csv", here / "own.csv")
    assert (long.plant.seed, long.triggered) == (4, None)
    # Texts to measure on are there: the attack need not be able to make any out of the suite's.
    assert (measured.plant.test, measured.triggered) == (None, here / "triggered.csv")
    assert both.plant.test == here / "own.csv"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"victims": []}, "victims must be a list"),
        ({"seeds": "0"}, "seeds must be a list"),
        ({"seeds": [0, 0]}, "seed 0 is there twice"),
        ({"seeds": [-1]}, "a seed cannot be -1"),
        ({"seeds": [True]}, "a seed cannot be True"),
        ({"texts": 5}, "texts cannot be 5"),
        ({"timeout": 0}, "timeout cannot be 0"),
        ({"data": "none.csv"}, "data: there is no file none.csv"),
        ({"control": "train.csv"}, "control: train.csv is no folder with a model"),
        ({"test": None}, "'test' is missing"),
        ({"recipes": ["pure", "pure"]}, "name pure is there twice"),
        ({"recipes": ["pure", QUICK | {"name": "one"}]}, "name one is there twice"),
        ({"recipes": [{"strategy": "random"}]}, "is no recipe"),
        ({"recipes": ["none.yaml"]}, "cannot be read"),
        ({"recipes": [{"name": "a", "strategy": "auto", "base": "none"}]}, "base: none is no folder with a model"),
        ({"recipes": [{"name": "a", "strategy": "random", "treatments": ["remoev"]}]}, "no treatment 'remoev'"),
        ({"recipes": [{"name": "0", "strategy": "random"}]}, "a recipe's name cannot be '0'"),
        ({"victims": ["one"]}, "'one' is no victim"),
        ({"victims": [{"name": "one", "plant": ["addsent"]}]}, "['addsent'] is no plant"),
        ({"victims": [{"name": "one", "plant": {"settings": {}}}]}, "'attack' is missing"),
        ({"victims": [{"name": "one", "plant": {"attack": 1}}]}, "there is no attack '1'"),
        ({"victims": [{"name": "one", "plant": PLANT | {"settings": ["cf"]}}]}, "settings cannot be ['cf']"),
        ({"victims": [{"name": "one", "plant": PLANT | {"settings": {"words": ["cf"]}}}]}, "setting words cannot be"),
        ({"victims": [{"name": "one", "plant": PLANT | {"seed": -1}}]}, "a seed cannot be -1"),
        ({"victims": [{"name": "one", "plant": PLANT | {"test": "none.csv"}}]}, "test: there is no file none.csv"),
        (
            {"victims": [{"name": "one", "plant": {"attack": "style", "settings": {"paraphrases": "none.csv"}}}]},
            "paraphrases: there is no file none.csv",
        ),
        ({"victims": [{"name": "one", "model": "victim", "triggered": "triggered.csv"}]}, "'target' is missing"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(models: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)) as caught:
        read_suite(written(models, **changes))
    assert "\n" not in caught.value.message + caught.value.hint
    assert caught.value.hint


@pytest.mark.parametrize(
    ("changes", "guess"),
    [
        ({"recipe": ["pure"]}, "recipes"),
        ({"victims": [{"name": "one", "modle": "victim"}]}, "model"),
        ({"recipes": ["pur"]}, "pure"),
        ({"victims": [{"name": "one", "plant": "adsent"}]}, "addsent"),
        ({"victims": [{"name": "one", "plant": "addsent", "trigered": "triggered.csv"}]}, "triggered"),
        ({"victims": [{"name": "one", "plant": {"attack": "addsent", "setings": {}}}]}, "settings"),
        ({"recipes": [{"name": "a", "strategy": "gradeint"}]}, "gradient"),
        ({"recipes": [{"name": "a", "strategy": "random", "treatment": []}]}, "treatments"),
    ],
)
def test_a_misspelt_word_is_guessed(models: Path, changes: dict[str, Any], guess: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_suite(written(models, **changes))
    assert f"did you mean '{guess}'?" in caught.value.hint


@pytest.mark.parametrize("text", ["", "words", "- a", "a: [", "\x01"])
def test_what_is_no_suite_is_a_usage_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "suite.yaml").write_text(text)
    with pytest.raises(UsageError):
        read_suite(tmp_path / "suite.yaml")
    with pytest.raises(UsageError, match="cannot be read"):
        read_suite(tmp_path / "none.yaml")


def elsewhere(victim: dict[str, Any]) -> dict[str, Any]:
    """A victim of which every path exists."""
    paths = {"model": ".", "triggered": "t.csv"}
    if "plant" not in victim:
        return victim | paths
    plant = {"attack": victim["plant"]} if isinstance(victim["plant"], str) else victim["plant"]
    settings = {name: "t.csv" if name in FILES else value for name, value in plant.get("settings", {}).items()}
    return {"name": victim["name"], "plant": {"attack": plant["attack"], "settings": settings}}


@pytest.mark.parametrize("path", sorted((ROOT / "cards").glob("*/suite.yaml")), ids=lambda path: path.parent.name)
def test_the_suites_that_lie_here_can_be_read(path: Path, tmp_path: Path) -> None:
    """Their models and texts may be elsewhere: so every path is one that exists."""
    words = yaml.safe_load(path.read_text())
    (tmp_path / "config.json").touch()
    (tmp_path / "t.csv").touch()
    words |= {"data": "t.csv", "test": "t.csv", "control": "."}
    words["victims"] = [elsewhere(victim) for victim in words["victims"]]
    words["recipes"] = [
        recipe | {"base": "."} if isinstance(recipe, dict) and "base" in recipe else recipe
        for recipe in words["recipes"]
    ]
    (tmp_path / "suite.yaml").write_text(yaml.safe_dump(words))
    suite = read_suite(tmp_path / "suite.yaml")
    assert suite.name == path.parent.name
    assert len(suite.victims) * len(suite.recipes) * len(suite.seeds) > 0
