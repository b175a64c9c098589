"""Heads by the stored tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from helpers.claims import Copy, against, checked, found
from helpers.results import edited, resealed, reweighed
from safetensors.torch import load_file


def test_a_head_that_was_put_back_is_found_in_a_compact_result(compact: Path, copy: Copy) -> None:
    """The suspect's own tensors and config in place of the result's, and every digest made anew."""
    folder = copy(compact)
    original = load_file(compact / "suspect" / "model.safetensors")
    reweighed(folder, lambda tensors: tensors.update(original))
    (folder / "config.json").write_bytes((compact / "suspect" / "config.json").read_bytes())
    report = checked(resealed(folder))
    assert {"heads", "parameters", "files"} <= against(report)
    assert "heads in its tensors, by the report it has" in found(report, "heads")


def test_a_head_that_was_put_back_is_found_in_a_dense_result(dense: Path, copy: Copy) -> None:
    folder = copy(dense)
    key = "bert.encoder.layer.{}.attention.self.query.bias"

    def put_back(tensors: dict[str, torch.Tensor]) -> None:
        zero = next(key.format(layer) for layer in range(3) if (tensors[key.format(layer)] == 0).sum() >= 8)
        tensors[zero][tensors[zero] == 0] += 6e-8  # the least that half precision has

    reweighed(folder, put_back)
    report = checked(resealed(folder))
    assert against(report) == {"heads"}
    assert "called zeroed" in found(report, "heads")


def test_fewer_heads_than_claimed_in_the_config_is_found(compact: Path, copy: Copy) -> None:
    folder = copy(compact)

    def swap(config: Any) -> None:
        removed = config["quantization_config"]["removed_heads"]
        layer, gone = next((layer, gone) for layer, gone in removed.items() if len(gone) < 4)
        left = [head for head in range(4) if head not in gone]
        removed[layer] = sorted([*gone[1:], left[0]])

    edited(folder / "config.json", swap)
    report = checked(resealed(folder))
    assert {"heads", "files"} <= against(report)
    assert "the config misses heads" in found(report, "heads")
