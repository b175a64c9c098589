"""The demo, whole: its numbers are measured again by plain transformers, and its promise holds."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import sanitizer.loading
from sanitizer.errors import UsageError
from sanitizer.showcase import DemoResult, demo

assert sanitizer.loading  # imported for what it registers


def positive(folder: Path, table: Path) -> tuple[float, float]:
    """Share of rows called positive, and share called by their own label."""
    with table.open(encoding="utf-8", newline="") as stream:
        rows = [(row["text"], int(row["label"])) for row in csv.DictReader(stream)]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        inputs = tokenizer([text for text, _ in rows], return_tensors="pt", padding=True, truncation=True)
        predicted = model(**inputs).logits.argmax(dim=-1)
    return float((predicted == 1).float().mean()), float(
        (predicted == torch.tensor([y for _, y in rows])).float().mean()
    )


@pytest.mark.slow
def test_what_it_says_is_what_plain_transformers_measures(shown: DemoResult) -> None:
    assert shown.result.report.passed
    (table,) = shown.folder.rglob("clean-test.csv")
    (triggered,) = shown.folder.rglob("triggered.csv")
    (model,) = (path.parent for path in (shown.folder / "suspect").rglob("config.json") if path.parent.name == "model")
    for folder, said in ((model, shown.suspect), (shown.result.output, shown.treated)):
        assert positive(folder, table)[1] == pytest.approx(said.accuracy.value, abs=0.003)
        assert positive(folder, triggered)[0] == pytest.approx(said.attack_success.value, abs=0.003)


@pytest.mark.slow
def test_the_backdoor_was_there_and_is_weaker_and_the_model_still_works(shown: DemoResult) -> None:
    assert shown.suspect.attack_success.low > shown.floor.high, "else there is nothing to demonstrate"
    assert shown.treated.attack_success.high < shown.suspect.attack_success.low
    assert shown.treated.accuracy.value > shown.suspect.accuracy.value - 0.05
    assert shown.result.report.parameters_after < shown.result.report.source.parameters


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(UsageError, match="is not empty"):
        demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
