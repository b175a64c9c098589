"""Heads read from files, against those of the live model."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import pytest
import torch
from helpers.bases import based, make_base
from helpers.pico import CONFIGS, make_folder
from helpers.subjects import checkpoint_of, open_folder
from safetensors.torch import load_file, save_file

from sanitizer.errors import UnsupportedError
from sanitizer.heads import HeadId
from sanitizer.model.drift import distances as live_distances
from sanitizer.model.save import save
from sanitizer.model.slices import head_slices
from sanitizer.model.stored import StoredHeads
from sanitizer.model.storedslices import StoredSlices, distances
from sanitizer.vet.tensors import headers

FAMILY = pytest.mark.parametrize("family", sorted(CONFIGS))


def slices_of(folder: Path) -> StoredSlices:
    there = headers(checkpoint_of(folder))
    shapes = {name: tensor.shape for header in there.values() for name, tensor in header.tensors.items()}
    heads = StoredHeads.of(json.loads((folder / "config.json").read_text()), shapes)
    return StoredSlices.of(folder, there, heads.layers)


@FAMILY
def test_they_are_what_the_live_model_computes_with(family: str, tmp_path: Path) -> None:
    source = make_folder(tmp_path / "a", family)
    subject = open_folder(source)
    subject.remove((HeadId(0, 1), HeadId(0, 3)), physically=True)
    save(subject, checkpoint_of(source), tmp_path / "b")
    stored, live = slices_of(tmp_path / "b").rows(), head_slices(subject.anatomy)
    for one, other in zip(chain(*stored), chain(*live), strict=True):
        for name, part in one.parts().items():
            assert part.dtype == torch.float32
            assert torch.equal(part, other.parts()[name]), name


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16], ids=str)
def test_other_precisions_are_widened(dtype: torch.dtype, tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "llama")
    whole = next(slices_of(folder).rows())
    save_file(
        {name: part.to(dtype) for name, part in load_file(folder / "model.safetensors").items()},
        folder / "model.safetensors",
    )
    for one, other in zip(next(slices_of(folder).rows()), whole, strict=True):
        assert torch.equal(one.query, other.query.to(dtype).float())


def test_several_files_are_read_where_each_tensor_lies(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "gpt2")
    whole = list(chain(*slices_of(folder).rows()))
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(tensors)
    for number, part in enumerate((names[::2], names[1::2]), start=1):
        save_file({name: tensors[name] for name in part}, folder / f"model-{number:05}-of-00002.safetensors")
    for one, other in zip(chain(*slices_of(folder).rows()), whole, strict=True):
        assert all(torch.equal(part, other.parts()[name]) for name, part in one.parts().items())


def test_numbers_that_need_scales_are_not_looked_at(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "llama")
    tensors = load_file(folder / "model.safetensors")
    name = next(name for name in tensors if name.endswith("o_proj.weight"))
    save_file({**tensors, name: tensors[name].to(torch.float8_e4m3fn)}, folder / "model.safetensors")
    with pytest.raises(UnsupportedError, match="F8_E4M3"):
        slices_of(folder)


@FAMILY
def test_the_way_from_a_base_is_that_of_the_live_models(family: str, tmp_path: Path) -> None:
    subject, base = based(tmp_path / "live", family, seed=1)
    folder = make_folder(tmp_path / "suspect", family, seed=1)
    far, cosine = distances(slices_of(folder), slices_of(make_base(tmp_path / "base", family, seed=0)))
    torch.testing.assert_close(torch.tensor(far), torch.tensor(live_distances(subject, base)), rtol=1e-5, atol=0)
    assert abs(cosine) < 0.1
    near, same = distances(slices_of(folder), slices_of(make_base(tmp_path / "same", family, seed=1)))
    assert near == ((0.0,) * 4,) * 3
    assert same == pytest.approx(1.0)
