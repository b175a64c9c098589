"""A guard beside a served model: it flags triggered inputs, and treats the model by them, on the demo's victim."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from transformers import AutoModelForSequenceClassification

from sanitizer.demo.make import TARGET, make_demo
from sanitizer.demo.victim import make_tokenizer, predict
from sanitizer.guarding import guard
from sanitizer.options import DataOptions, GuardOptions
from sanitizer.recipe import Recipe, Step
from sanitizer.treating import treat

# At these rates 44 % of the attack is left. With an earlier guard it was 38 %, at the default rates, made for larger
# models, 75 %; tuning without alignment left 100 %, heads judged on clean text 0 % for 5 points of accuracy.
ALIGN = Recipe(
    "random",
    treatments=(
        Step("rounds", {"inputs": "flagged", "rounds": 1, "align_rate": 3e-3, "learning_rate": 5e-4}
             | {"trusted_rate": 1e-3, "suspicious_rate": 5e-5}),
    ),
)  # fmt: skip


def texts(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        return [row["text"] for row in csv.DictReader(stream)]


def success(folder: Path, triggered: list[str]) -> float:
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    return predict(model, make_tokenizer(), triggered).count(TARGET) / len(triggered)


@pytest.mark.slow
def test_flagged_inputs_show_which_heads_to_align(tmp_path: Path) -> None:
    """The attack is measured on triggered texts that were not in the stream."""
    demo = make_demo(tmp_path / "demo")
    triggered, ordinary = texts(demo.triggered), texts(demo.clean_test)
    half = len(triggered) // 2
    stream = [text for pair in zip(triggered[:half], ordinary[:half], strict=True) for text in pair]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in stream))
    options = GuardOptions(
        str(demo.model), str(tmp_path / "in.jsonl"), DataOptions(str(demo.train)), out=tmp_path / "flags.jsonl",
        treat=tmp_path / "treated", recipe=ALIGN, device="cpu",
    )  # fmt: skip
    assert guard(options).done.flagged >= 10
    done = treat(options)
    assert done is not None
    assert done.report.passed
    assert success(demo.model, triggered[half:]) > 0.9
    assert success(tmp_path / "treated", triggered[half:]) < 0.6
