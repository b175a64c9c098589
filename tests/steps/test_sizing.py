from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.pico import make_folder
from helpers.runs import make_tsv
from helpers.subjects import open_folder
from safetensors.torch import load_file

from sanitizer.errors import UsageError
from sanitizer.hub.dataset import load_texts
from sanitizer.options import DataOptions
from sanitizer.steps.sizing import ASSUMED, build, model_size, text_size
from sanitizer.trust import clean_data


@pytest.mark.parametrize("family", ["bert", "llama", "gpt2", "distilbert"])
def test_sizes_are_those_of_the_live_model(family: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", family)
    subject = open_folder(folder)
    config = json.loads((folder / "config.json").read_text())
    tensors = load_file(folder / "model.safetensors")
    stored = sum(tensor.nbytes for tensor in tensors.values())
    size = model_size(config, {name: tuple(tensor.shape) for name, tensor in tensors.items()}, stored)
    assert size.numbers == subject.model.num_parameters()
    blocks = [parameter for layer in subject.anatomy.layers for parameter in layer.block.parameters()]
    assert size.inner == sum(parameter.numel() for parameter in blocks)
    heads = [
        module.get_parameter("weight").numel()
        for layer in subject.anatomy.layers
        for module in (*layer.projections(), layer.output)
    ]
    assert size.of_heads == sum(heads)
    assert (size.layers, size.heads, size.width) == (3, 4, 32)
    assert size.labels == subject.model.config.num_labels
    build(config)
    assert model_size(config, None, stored).numbers == size.numbers
    if family == "llama":  # others have tables of positions, which no listing of files shows
        assert model_size(config, None, stored).inner == pytest.approx(size.inner, rel=0.2)


def test_texts_are_counted_as_a_run_would_split_them(tmp_path: Path) -> None:
    data = make_tsv(tmp_path / "clean.tsv", 90)
    size, said, labels = text_size(DataOptions(str(data)), seed=0)
    from sanitizer.progress import silent

    parts = clean_data(
        DataOptions(str(data)), (), {0: "0", 1: "1"}, "classification", seed=0, token=None, progress=silent
    )
    assert (size.fit, size.validation, size.test) == tuple(map(len, (parts.fit, parts.validation, parts.test)))
    words = [len(text.split()) for text in load_texts(str(data)).texts]
    assert min(words) < size.tokens < size.longest <= 2 * max(words) + 2
    assert "90 texts of clean.tsv" in said
    assert labels == parts.labelled_by == "given"


def test_data_that_is_not_here_is_assumed_and_said() -> None:
    size, said, labels = text_size(DataOptions("org/data"), seed=0)
    assert (size, labels) == (ASSUMED, "given")
    assert "not here" in said


def test_a_file_that_is_no_data_is_wrong_as_in_a_run(tmp_path: Path) -> None:
    (tmp_path / "empty.tsv").write_text("")
    with pytest.raises(UsageError, match="empty"):
        text_size(DataOptions(str(tmp_path / "empty.tsv")), seed=0)
