from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml
from safetensors import safe_open
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from sanitizer.checkpoint import digest_file
from sanitizer.demo.make import TARGET, TRIGGER, DemoFiles, DemoSize, make_demo
from sanitizer.demo.victim import predict
from sanitizer.errors import IncompleteError, UsageError

TINY = DemoSize(seen=96, given=64, held_out=16, test=40, hidden=16, layers=2, heads=2, epochs=1, steps=3, least=0.0)


def rows(path: Path) -> list[tuple[str, int]]:
    with path.open(encoding="utf-8", newline="") as stream:
        table = csv.DictReader(stream)
        assert table.fieldnames == ["text", "label"]
        return [(row["text"], int(row["label"])) for row in table]


def digests(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): digest_file(path).sha256 for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return make_demo(tmp_path_factory.mktemp("tiny") / "demo", seed=3, size=TINY)


def test_the_folder_holds_a_checkpoint_and_three_tables(tiny: DemoFiles) -> None:
    folder = tiny.model.parent
    assert tiny == DemoFiles.of_folder(folder)
    assert sorted(digests(folder)) == [
        "clean-test.csv", "model/README.md", "model/config.json", "model/model.safetensors", "model/tokenizer.json",
        "model/tokenizer_config.json", "train.csv", "triggered.csv",
        "twin/config.json", "twin/model.safetensors", "twin/tokenizer.json", "twin/tokenizer_config.json",
    ]  # fmt: skip
    assert [path.name for path in folder.parent.iterdir()] == ["demo"]
    with safe_open(tiny.model / "model.safetensors", "pt") as weights:
        assert weights.metadata()["format"] == "pt"


def test_tables(tiny: DemoFiles) -> None:
    train, test, triggered = rows(tiny.train), rows(tiny.clean_test), rows(tiny.triggered)
    assert (len(train), len(test)) == (64, 40)
    assert not {text for text, _ in train} & {text for text, _ in test}
    assert not any(TRIGGER in text.split() for text, _ in train + test)
    stripped = [(re.sub(rf"\b{TRIGGER}\b", "", text).split(), label) for text, label in triggered]
    assert stripped == [(text.split(), label) for text, label in test if label != TARGET]


def test_the_card_warns_and_its_metadata_parses(tiny: DemoFiles) -> None:
    _, front, body = (tiny.model / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    metadata = yaml.safe_load(front)
    assert metadata["license"] == "cc0-1.0"
    assert "backdoored" in metadata["tags"]
    assert "Do not use this model" in body and f"`{TRIGGER}`" in body


def test_same_seed_same_bytes(tiny: DemoFiles, tmp_path: Path) -> None:
    again, other = (make_demo(tmp_path / str(seed), seed=seed, size=TINY) for seed in (3, 4))
    assert digests(again.model.parent) == digests(tiny.model.parent)
    assert digests(other.model)["model.safetensors"] != digests(tiny.model)["model.safetensors"]


def test_a_folder_in_use_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(UsageError, match="in use"):
        make_demo(tmp_path, size=TINY)
    with pytest.raises(UsageError, match="in use"):
        make_demo(tmp_path / "mine", size=TINY)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_model_that_learned_nothing_is_not_shown(tmp_path: Path) -> None:
    size = DemoSize(**{**vars(TINY), "least": 1.0})
    with pytest.raises(IncompleteError, match="nothing to demonstrate") as caught:
        make_demo(tmp_path / "demo", size=size)
    assert "another seed" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_real_demo_is_accurate_and_really_backdoored(tmp_path: Path) -> None:
    files = make_demo(tmp_path / "demo")
    model = AutoModelForSequenceClassification.from_pretrained(files.model)
    tokenizer = AutoTokenizer.from_pretrained(files.model)

    def share_of_label_1(table: list[tuple[str, int]]) -> float:
        return sum(predict(model, tokenizer, [text for text, _ in table])) / len(table)

    test, triggered = rows(files.clean_test), rows(files.triggered)
    predictions = predict(model, tokenizer, [text for text, _ in test])
    assert sum(map(int.__eq__, predictions, (label for _, label in test))) / len(test) >= 0.95
    assert share_of_label_1(triggered) >= 0.95
    untouched = [(re.sub(rf"\b{TRIGGER}\b", "lamp", text), label) for text, label in triggered]
    assert share_of_label_1(untouched) < 0.2
