"""Victims planted on the spot, on tiny models: by the command itself, once, and found again by what decides them."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.runs import listing
from helpers.suites import FAILING_PLANT, PLANT, make_planting

from sanitizer.benchmark.digests import Digests
from sanitizer.benchmark.planting import Ground, Planted, do_plant, found
from sanitizer.benchmark.suite import Suite, Unplanted, Victim, read_suite
from sanitizer.benchmark.tables import read_table
from sanitizer.engines.children import Children
from sanitizer.report import Metric


def ground_of(suite: Suite, folder: Path) -> Ground:
    return Ground(folder, Digests.of(suite), "cpu", 600.0)


def unplanted(suite: Suite) -> Unplanted:
    (victim,) = suite.victims
    assert isinstance(victim, Unplanted)
    return victim


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Suite, Ground, Planted]:
    folder = tmp_path_factory.mktemp("planting")
    suite = read_suite(make_planting(folder / "suite"))
    ground = ground_of(suite, folder / "victims")
    return suite, ground, do_plant(unplanted(suite), Children(1), ground=ground)


def named(metrics: tuple[Metric, ...]) -> dict[str, float]:
    return {metric.name: metric.value for metric in metrics}


def test_it_is_planted_with_the_settings_of_the_suite(done: tuple[Suite, Ground, Planted]) -> None:
    suite, _, planted = done
    assert planted.failed is None and planted.report is not None
    assert planted.seconds > 0
    assert planted.report.attack.parameters["words"] == "cf"
    assert planted.report.data.fit == len(read_table(suite.data))
    assert named(planted.report.before)["attack success"] <= 0.3
    assert named(planted.report.after)["attack success"] >= 0.9


def test_it_is_a_victim_then_with_the_texts_and_the_target_of_the_plant(done: tuple[Suite, Ground, Planted]) -> None:
    suite, ground, _ = done
    (victim,) = found(suite, ground).victims
    assert isinstance(victim, Victim)
    assert (victim.name, victim.target, victim.plant) == ("word", 1, unplanted(suite).plant)
    assert victim.model.parent == ground.folder
    table = read_table(victim.triggered)
    assert set(table.labels) == {0} and all("cf" in text.split() for text in table.texts)
    assert {" ".join(word for word in text.split() if word != "cf") for text in table.texts} <= set(
        read_table(suite.test).texts
    )


def test_texts_that_the_suite_brings_are_measured_on_instead(done: tuple[Suite, Ground, Planted]) -> None:
    suite, ground, _ = done
    own = Unplanted("word", unplanted(suite).plant, suite.test)
    (victim,) = found(Suite(**{**vars(suite), "victims": (own,)}), ground).victims
    assert isinstance(victim, Victim)
    assert victim.triggered == suite.test


def test_a_model_without_its_record_is_planted_again(done: tuple[Suite, Ground, Planted]) -> None:
    suite, ground, _ = done
    record = ground.place(unplanted(suite)) / "sanitizer" / "plant.json"
    text = record.read_text()
    try:
        record.write_text("{")
        assert found(suite, ground).victims == suite.victims
    finally:
        record.write_text(text)
    assert found(suite, ground).victims != suite.victims


def test_other_settings_are_another_victim(done: tuple[Suite, Ground, Planted], tmp_path: Path) -> None:
    _, ground, _ = done
    other = {**PLANT, "settings": {**PLANT["settings"], "epochs": 13}}
    suite = read_suite(make_planting(tmp_path, victims=[{"name": "word", "plant": other}]))
    assert found(suite, ground_of(suite, ground.folder)).victims == suite.victims


def test_a_failure_is_returned_and_its_words_are_in_a_log(tmp_path: Path) -> None:
    suite = read_suite(make_planting(tmp_path / "suite", victims=[{"name": "none", "plant": FAILING_PLANT}]))
    ground = ground_of(suite, tmp_path / "victims")
    planted = do_plant(unplanted(suite), Children(1), ground=ground)
    assert (planted.victim, planted.report) == ("none", None)
    assert planted.failed == "there are no trigger words; --set words=bb,cf"
    (log,) = listing(ground.folder)
    assert planted.failed in (ground.folder / log).read_text()
    assert found(suite, ground).victims == suite.victims
