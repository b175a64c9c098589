"""Tied matrices that are there twice: the same bytes pass, whatever file and format they lie in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from helpers.pico import make_folder
from safetensors.torch import load_file, save_file

from sanitizer.vet.inventory import open_local
from sanitizer.vet.tied import apart

HEAD, EMBEDDINGS = "lm_head.weight", "transformer.wte.weight"


def twice(folder: Path, head: torch.Tensor, *, pickled: bool) -> list[str]:
    tensors = {**load_file(folder / "model.safetensors"), HEAD: head}
    if pickled:
        (folder / "model.safetensors").unlink()
        torch.save(tensors, folder / "pytorch_model.bin")
    else:
        save_file(tensors, folder / "model.safetensors")
    return [finding.rule for finding in apart(open_local(folder))]


@pytest.mark.parametrize("pickled", [False, True])
@pytest.mark.parametrize("change", ["none", "strides", "number", "dtype"])
def test_differences_are_told(change: str, pickled: bool, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "gpt2")
    head = load_file(folder / "model.safetensors")[EMBEDDINGS].clone()
    match change:
        case "strides" if pickled:
            head = head.t().contiguous().t()
        case "number":
            head[-1, -1] += 1
        case "dtype":
            head = head.half()
    assert twice(folder, head, pickled=pickled) == ([] if change in ("none", "strides") else ["weights.tied-apart"])


def test_nothing_is_said_where_the_config_does_not_tie(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "gpt2")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": False}))
    head = torch.ones_like(load_file(folder / "model.safetensors")[EMBEDDINGS])
    assert twice(folder, head, pickled=False) == []
