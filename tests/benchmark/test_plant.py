"""What a suite wants planted, as read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sanitizer.benchmark.plant import Plant, read_plant


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "pairs.csv").write_text("word,synonym\n")
    return tmp_path.resolve()


def read(here: Path, words: object) -> Plant:
    return read_plant(here, words, model=here / "clean", data=here / "train.csv", test=here / "test.csv")


def test_a_name_alone_is_an_attack_with_its_defaults(here: Path) -> None:
    plant = read(here, "addsent")
    assert plant == Plant("addsent", (), here / "clean", here / "train.csv", here / "test.csv", 0)
    assert plant == read(here, {"attack": "addsent"})


def test_settings_are_as_typed_and_those_that_name_files_are_found_beside_the_suite(here: Path) -> None:
    words: dict[str, Any] = {"synonyms": "pairs.csv", "rate": 0.5, "least": 1}
    plant = read(here, {"attack": "word-substitution", "settings": words})
    assert plant.settings == (("least", "1"), ("rate", "0.5"), ("synonyms", str(here / "pairs.csv")))
    assert plant.files == (here / "train.csv", here / "test.csv", here / "pairs.csv")


def test_the_title_names_files_and_folders_without_their_places(here: Path) -> None:
    plant = read(here, {"attack": "word-substitution", "settings": {"synonyms": "pairs.csv"}, "seed": 2})
    assert plant.title == "word-substitution (synonyms=pairs.csv) in clean, learned from train.csv, seed 2"
    assert read(here, "addsent").title == "addsent in clean, learned from train.csv, seed 0"
