"""Whose texts a run trusts, and that labels mean the same to the data and to the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from helpers.hub import LoopbackHub
from helpers.hub_client import point_datasets
from helpers.runs import make_texts

from sanitizer.cleandata import CleanData
from sanitizer.errors import HubError, UsageError
from sanitizer.options import DataOptions
from sanitizer.progress import silent
from sanitizer.report import Task
from sanitizer.texts import calibration_texts
from sanitizer.trust import clean_data

NAMES = {0: "NEGATIVE", 1: "POSITIVE"}


def trusted(
    data: str | None,
    declared: Iterable[str] = (),
    names: Mapping[int, str] = NAMES,
    task: Task = "classification",
    **columns: str,
) -> CleanData:
    return clean_data(DataOptions(data, **columns), declared, names, task, seed=3, token=None, progress=silent)


def pairs(data: CleanData) -> set[tuple[str, int]]:
    return {
        pair
        for part in (data.fit, data.validation, data.test)
        for pair in zip(part.texts, part.labels or (), strict=True)
    }


def put(path: Path, lines: Iterable[str]) -> str:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_numbers_are_taken_as_they_are(tmp_path: Path) -> None:
    rows = [f"text {index}\t{index % 2}" for index in range(30)]
    data = trusted(put(tmp_path / "d.tsv", ["text\tlabel", *rows]))
    assert data.labelled_by == "given"
    assert pairs(data) == {(f"text {index}", index % 2) for index in range(30)}


@pytest.mark.parametrize("names", [NAMES, {0: "POSITIVE", 1: "NEGATIVE"}, {0: "other", 1: "positive", 2: "Negative"}])
def test_names_are_matched_by_name(tmp_path: Path, names: Mapping[int, str]) -> None:
    rows = [f"{word} {index}\t{word}" for index in range(15) for word in ("Positive", "Negative")]
    data = trusted(put(tmp_path / "d.tsv", ["text\tlabel", *rows]), names=names)
    for text, label in pairs(data):
        assert text.split()[0].casefold() == names[label].casefold()


def test_names_the_model_does_not_have_are_counted_and_said(tmp_path: Path) -> None:
    rows = [f"{word} {index}\t{word}" for index in range(15) for word in ("bad", "good")]
    data = trusted(put(tmp_path / "d.tsv", ["text\tlabel", *rows]), names={0: "LABEL_0", 1: "LABEL_1"})
    assert {(text.split()[0], label) for text, label in pairs(data)} == {("bad", 0), ("good", 1)}
    assert "labels bad, good are taken as 0, 1, … of the model" in data.provenance.notes


def test_a_label_beyond_the_models_is_an_error_that_says_which(tmp_path: Path) -> None:
    rows = [f"text {index}\t{index % 3}" for index in range(30)]
    with pytest.raises(UsageError, match=r"d\.tsv has the label 2, the model knows 0 to 1") as caught:
        trusted(put(tmp_path / "d.tsv", ["text\tlabel", *rows]))
    assert "file without labels" in caught.value.hint


def test_a_causal_model_takes_texts_and_no_labels(tmp_path: Path) -> None:
    rows = [f"text {index}\t{index % 3}" for index in range(30)]
    data = trusted(put(tmp_path / "d.tsv", ["text\tlabel", *rows]), task="causal")
    assert (data.labelled_by, data.fit.labels) == ("none", None)


def test_what_the_user_names_is_never_replaced(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        trusted(str(tmp_path / "gone.tsv"), declared=["org/data"])
    with pytest.raises(UsageError, match="has 3 usable texts"):
        trusted(put(tmp_path / "few.tsv", ["text", "a", "b", "c"]))


def test_without_anything_the_embedded_texts_stand_in() -> None:
    data = trusted(None)
    assert (data.provenance.origin, data.labelled_by) == ("embedded", "none")
    together = [*data.fit.texts, *data.validation.texts, *data.test.texts]
    assert sorted(together) == sorted(calibration_texts())
    assert "embedded general-purpose texts stand in" in data.provenance.notes[-1]


@pytest.fixture
def datasets_hub(hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopbackHub:
    point_datasets(monkeypatch, hub.url, tmp_path / "hf-home")
    return hub


def test_the_dataset_of_the_card_is_used_and_named(datasets_hub: LoopbackHub) -> None:
    rows = "".join(f"{text},{index % 2}\n" for index, text in enumerate(t.replace(",", "") for t in make_texts(40)))
    repo = datasets_hub.repo("org/data", {"train.csv": b"text,label\n" + rows.encode()}, kind="dataset")
    data = trusted(None, declared=["org/data"])
    assert (data.provenance.origin, data.provenance.commit) == ("hub", repo.refs["main"])
    assert data.provenance.notes[0] == "the card declares the dataset org/data"
    assert data.labelled_by == "given"


def test_a_dataset_of_the_card_that_cannot_be_had_is_said_and_the_next_is_tried(datasets_hub: LoopbackHub) -> None:
    data = trusted(None, declared=["org/gone", "../../etc/passwd", "not a name"])
    assert data.provenance.origin == "embedded"
    *said, last = data.provenance.notes
    assert len(said) == 3
    assert all("could not be used" in note for note in said)
    assert "embedded" in last


def test_a_card_cannot_point_at_a_local_file(
    datasets_hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "secret.tsv", ["text", *make_texts(40)])
    for name in ("secret.tsv", "./secret.tsv", str(tmp_path / "secret.tsv")):
        assert trusted(None, declared=[name]).provenance.origin == "embedded"


def test_a_named_dataset_that_is_not_there_is_a_hub_error(datasets_hub: LoopbackHub) -> None:
    with pytest.raises(HubError):
        trusted("org/gone")
