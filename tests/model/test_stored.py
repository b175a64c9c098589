"""Heads in stored tensors, against the live model's anatomy and against what surgery really leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers.pico import CONFIGS, make_folder
from helpers.subjects import checkpoint_of, open_folder
from safetensors.torch import load_file
from torch import Tensor
from transformers.pytorch_utils import Conv1D

from sanitizer.errors import CorruptError, UnsupportedError
from sanitizer.heads import HeadId
from sanitizer.model.families import FAMILIES
from sanitizer.model.save import save
from sanitizer.model.stored import Piece, StoredHeads

FAMILY = pytest.mark.parametrize("family", sorted(CONFIGS))


def stored(folder: Path) -> tuple[StoredHeads, dict[str, Tensor]]:
    tensors = load_file(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    return StoredHeads.of(config, {name: tuple(tensor.shape) for name, tensor in tensors.items()}), tensors


def part(tensors: dict[str, Tensor], piece: Piece) -> Tensor:
    return tensors[piece.tensor].index_select(piece.axis, torch.tensor(list(piece.span)))


@FAMILY
def test_zeroing_in_memory_is_zero_in_the_file_where_this_says_and_nowhere_else(family: str, tmp_path: Path) -> None:
    """Truth outside: surgery on the live model, which tests of its own hold against logits."""
    source = make_folder(tmp_path / "a", family)
    subject = open_folder(source)
    subject.remove((HeadId(1, 2),), physically=False)
    save(subject, checkpoint_of(source), tmp_path / "b")
    heads, tensors = stored(tmp_path / "b")
    for index, layer in enumerate(heads.layers):
        for position in range(len(layer.original)):
            zero = all(not part(tensors, piece).any() for piece in layer.own(position))
            assert zero is ((index, position) == (1, 2))


@FAMILY
def test_heads_that_were_cut_out_are_missed(family: str, tmp_path: Path) -> None:
    """Of head 1 of each group of layer 0 (and head 0 where there are no groups) every other head's weights stay."""
    source = make_folder(tmp_path / "a", family)
    subject = open_folder(source)
    gone = (HeadId(0, 1), HeadId(0, 3))
    subject.remove(gone, physically=True)
    save(subject, checkpoint_of(source), tmp_path / "b")
    (before, old), (after, new) = stored(source), stored(tmp_path / "b")
    assert after.layers[0].original == (0, 2)
    assert after.layers[1].original == before.layers[1].original
    for position, head in enumerate(after.layers[0].original):
        pairs = zip(after.layers[0].all_of(position), before.layers[0].all_of(head), strict=True)
        assert all(torch.equal(part(new, one), part(old, other)) for one, other in pairs)


def test_the_families_table_says_which_projections_are_transposed() -> None:
    from helpers.pico import make_model

    from sanitizer.model.anatomy import Anatomy

    for family in FAMILIES:
        modules = Anatomy.of(make_model(family)).layers[0].projections()
        assert {isinstance(module, Conv1D) for module in modules} == {FAMILIES[family].transposed}


def test_a_size_of_a_head_that_only_the_library_knows_is_read_off_the_tensors(tmp_path: Path) -> None:
    make_folder(tmp_path, "qwen3", head_dim=12)
    config = json.loads((tmp_path / "config.json").read_text())
    shapes = {name: tuple(tensor.shape) for name, tensor in load_file(tmp_path / "model.safetensors").items()}
    del config["head_dim"]
    assert StoredHeads.of(config, shapes).shape.head_dim == 12


def test_tensors_of_another_shape_or_missing_are_corrupt(tmp_path: Path) -> None:
    make_folder(tmp_path, "bert")
    config = json.loads((tmp_path / "config.json").read_text())
    shapes = {name: tuple(tensor.shape) for name, tensor in load_file(tmp_path / "model.safetensors").items()}
    query = "bert.encoder.layer.1.attention.self.query.weight"
    with pytest.raises(CorruptError, match="shape"):
        StoredHeads.of(config, shapes | {query: (24, 32)})
    with pytest.raises(CorruptError, match="no tensor"):
        StoredHeads.of(config, {name: shape for name, shape in shapes.items() if name != query})
    with pytest.raises(UnsupportedError, match="could both"):
        StoredHeads.of(config, shapes | {f"other.{query}": (32, 32)})
    with pytest.raises(UnsupportedError, match="num_attention_heads"):
        StoredHeads.of(config | {"num_attention_heads": None}, shapes)


def test_it_needs_no_torch() -> None:
    code = "import sys, sanitizer.model.stored; print('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
