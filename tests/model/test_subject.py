from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from helpers.pico import make_folder
from helpers.subjects import checkpoint_of, open_folder, pico_subject
from safetensors.torch import load_file, save_file

from sanitizer.errors import CorruptError, UnsupportedError
from sanitizer.heads import HeadId
from sanitizer.model.save import save
from sanitizer.model.subject import choose_device, choose_dtype, open_subject, stored_dtypes


def test_weights_that_do_not_fill_the_model_are_an_error_not_random(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    tensors = load_file(folder / "model.safetensors")
    del tensors["classifier.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CorruptError, match=r"classifier\.weight"):
        open_folder(folder)


def test_tensors_without_a_place_are_named_and_not_saved(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    tensors = load_file(folder / "model.safetensors")
    save_file({**tensors, "hidden.payload": torch.ones(4)}, folder / "model.safetensors", metadata={"format": "pt"})
    subject = open_folder(folder)
    assert subject.surplus == ("hidden.payload",)
    save(subject, checkpoint_of(folder), tmp_path / "out")
    assert load_file(tmp_path / "out" / "model.safetensors").keys() == tensors.keys()


def test_an_architecture_of_another_type_is_corrupt(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "roberta"}))
    with pytest.raises(CorruptError, match="not an architecture of roberta"):
        open_folder(folder)


def test_bytes_changed_after_hashing_are_not_loaded(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    checkpoint = checkpoint_of(folder)
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    with pytest.raises(CorruptError, match="changed after it was vetted"):
        open_subject(checkpoint, device=torch.device("cpu"), dtype=torch.float32)


def test_stored_dtypes_come_from_the_headers(tmp_path: Path) -> None:
    stored = stored_dtypes(checkpoint_of(make_folder(tmp_path / "m", "gpt2", dtype=torch.float16)))
    assert set(stored.values()) == {"F16"}


def test_device_that_is_not_there_is_said_so() -> None:
    with pytest.raises(UnsupportedError, match="nonsense"):
        choose_device("nonsense")
    assert choose_device("cpu").type == "cpu"
    assert choose_dtype("auto", torch.device("cpu")) == torch.float32
    assert choose_dtype("bfloat16", torch.device("cpu")) == torch.bfloat16


def test_zeroed_heads_are_renumbered_when_others_are_cut() -> None:
    subject = pico_subject("llama")
    subject.remove((HeadId(0, 2),), physically=True)
    assert subject.zeroed == (HeadId(0, 2),)
    subject.remove((HeadId(0, 0), HeadId(0, 1)), physically=True)
    assert subject.anatomy.counts() == (2, 4, 4)
    assert subject.zeroed == (HeadId(0, 0),)
    subject.hold()
    layer = subject.anatomy.layers[0]
    assert layer.query(0).module.weight[list(layer.query(0).rows)].abs().max() == 0
    assert layer.query(1).module.weight[list(layer.query(1).rows)].abs().max() > 0


def test_a_compact_result_opens_again_as_a_suspect(tmp_path: Path) -> None:
    from sanitizer.model.save import save

    folder = make_folder(tmp_path / "m", "bert")
    subject = open_folder(folder)
    subject.remove((HeadId(1, 0),), physically=True)
    save(subject, checkpoint_of(folder), tmp_path / "out")
    assert json.loads((tmp_path / "out" / "config.json").read_text())["quantization_config"]
    assert open_folder(tmp_path / "out").anatomy.layers[1].original == (1, 2, 3)


def test_labels_are_named_by_their_numbers() -> None:
    assert pico_subject("bert").labels == {0: "LABEL_0", 1: "LABEL_1"}
