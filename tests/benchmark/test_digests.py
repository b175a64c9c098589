"""Digests: what decides a plant changes its name, and what does not leaves it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.suites import PLANT, make_planting, make_suite

from sanitizer import catalog
from sanitizer.benchmark import digests as module
from sanitizer.benchmark.digests import Digests, digest, stem_of
from sanitizer.benchmark.suite import read_suite


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("digests")
    make_planting(folder)
    for name, word in (("pairs", "a"), ("same", "a"), ("others", "b")):
        (folder / f"{name}.csv").write_text(f"word,synonym\n{word},c\n")
    return folder


def of_plant(place: Path, plant: dict[str, Any], **changes: Any) -> str:
    suite = read_suite(make_planting(place, victims=[{"name": "word", "plant": plant}], **changes))
    (victim,) = suite.victims
    assert victim.plant is not None
    return Digests.of(suite).of_plant(victim.plant)


def test_everything_that_decides_a_plant_is_in_its_digest(place: Path) -> None:
    wordy = {"attack": "word-substitution", "settings": {"synonyms": "pairs.csv"}}
    plants = [
        PLANT,
        {**PLANT, "seed": 1},
        {**PLANT, "settings": {**PLANT["settings"], "epochs": 13}},
        {**PLANT, "attack": "clean-label"},
        {**PLANT, "data": "test.csv"},
        {**PLANT, "test": "train.csv"},
        wordy,
        {**wordy, "settings": {"synonyms": "others.csv"}},
    ]
    assert len({of_plant(place, plant) for plant in plants}) == len(plants)


def test_where_a_file_lies_and_what_is_measured_afterwards_is_not(place: Path) -> None:
    wordy = {"attack": "word-substitution", "settings": {"synonyms": "pairs.csv"}}
    assert of_plant(place, wordy) == of_plant(place, {**wordy, "settings": {"synonyms": "same.csv"}})
    turned = {"attack": "badnets", "settings": dict(reversed(PLANT["settings"].items()))}
    assert of_plant(place, PLANT) == of_plant(place, turned, seeds=[3], recipes=["pure"], texts=50)


def test_a_default_that_changes_is_another_plant(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, honest = of_plant(place, PLANT), module.describe

    def described(name: str) -> catalog.Entry:
        entry = honest(name)
        return replace(entry, parameters=(replace(entry.parameters[0], default="'xx'"), *entry.parameters[1:]))

    monkeypatch.setattr(module, "describe", described)
    assert of_plant(place, PLANT) != before


def test_what_is_known_is_not_read_again(tmp_path: Path) -> None:
    suite = read_suite(make_suite(tmp_path))
    first = Digests.of(suite)
    for path in (suite.data, suite.control / "config.json"):
        path.write_text("something else")
    assert Digests.of(suite, first) == first
    assert Digests.of(suite) != first


def test_names_are_safe_and_tell_digests_apart() -> None:
    stem = stem_of("org/model", "a b", digest=digest({"a": 1}))
    assert stem.startswith("org-model--a-b--")
    assert stem != stem_of("org/model", "a b", digest=digest({"a": 2}))
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
