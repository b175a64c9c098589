"""Answers that are not numbers end a run, before anything is done or after all of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.runs import listing, make_suspect, make_texts, options
from helpers.subjects import pico_subject
from safetensors.torch import load_file, save_file

from sanitizer import pipeline
from sanitizer.cleandata import Part
from sanitizer.errors import CorruptError, GateError, RefusedError, SanitizerError
from sanitizer.model.batches import encode
from sanitizer.steps.result import Sample


def test_how_far_apart_is_relative_to_the_largest_logit() -> None:
    subject = pico_subject()
    sample = Sample.of(subject, encode(subject, Part(make_texts(5), (0,) * 5)), size=2)
    assert len(sample.batch.index) == 1, "the shortest text stands alone"
    assert sample.apart(subject) == 0
    with torch.no_grad():
        subject.model.classifier.bias += 0.25
    assert sample.apart(subject) == pytest.approx(0.25 / float(sample.logits.abs().max()), rel=1e-4)


def test_a_model_that_tuning_blew_up_ends_4_and_leaves_what_was_there(place: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "ruinous.yaml"
    recipe.write_text("strategy: gradient\ntreatments: [remove, finetune: {learning_rate: 1.0e+38}]\n")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").touch()
    with pytest.raises(GateError, match="not numbers") as caught:
        pipeline.run(options(place / "bert", place / "clean.tsv", tmp_path / "out", recipe=recipe, force=True))
    assert caught.value.exit_code == 4
    assert listing(tmp_path) == {"ruinous.yaml", "out", "out/old"}


@pytest.mark.parametrize(("weight", "error", "code"), [("nan", RefusedError, 1), ("inf", CorruptError, 3)])
def test_a_suspect_whose_answers_are_not_numbers_is_not_treated(
    place: Path, tmp_path: Path, weight: str, error: type[SanitizerError], code: int
) -> None:
    """The gate refuses NaN; infinity can be meant, until it shows in the answers."""
    folder = make_suspect(tmp_path / "broken")
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"][0] = float(weight)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(error, match="not numbers") as caught:
        pipeline.run(options(folder, place / "clean.tsv", tmp_path / "out"))
    assert caught.value.exit_code == code
    assert not (tmp_path / "out").exists()
