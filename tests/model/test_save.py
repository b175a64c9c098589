from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from helpers.pico import make_folder
from helpers.subjects import checkpoint_of, open_folder
from safetensors.torch import load_file, save_file

from sanitizer.heads import HeadId
from sanitizer.model.save import needs_loader, save


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    for name in ("one", "two"):
        subject = open_folder(folder)
        subject.remove((HeadId(0, 0),), physically=True)
        save(subject, checkpoint_of(folder), tmp_path / name)
    assert checkpoint_of(tmp_path / "one").files == checkpoint_of(tmp_path / "two").files
    assert needs_loader(tmp_path / "one")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_an_untouched_model_comes_back_to_the_bit_in_its_own_dtype(dtype: torch.dtype, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "gpt2", dtype=dtype)
    subject = open_folder(folder)
    save(subject, checkpoint_of(folder), tmp_path / "out")
    old, new = load_file(folder / "model.safetensors"), load_file(tmp_path / "out" / "model.safetensors")
    assert old.keys() == new.keys()
    assert all(torch.equal(old[name], new[name]) and new[name].dtype == dtype for name in old)
    assert subject.model.dtype == torch.float32
    assert json.loads((tmp_path / "out" / "config.json").read_text())["dtype"] == str(dtype).removeprefix("torch.")
    assert not needs_loader(tmp_path / "out")


def test_each_tensor_keeps_its_own_dtype(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert", dtype=torch.float16)
    tensors = load_file(folder / "model.safetensors")
    tensors["classifier.weight"] = tensors["classifier.weight"].float()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    save(open_folder(folder), checkpoint_of(folder), tmp_path / "out")
    dtypes = {name: tensor.dtype for name, tensor in load_file(tmp_path / "out" / "model.safetensors").items()}
    assert dtypes.pop("classifier.weight") == torch.float32
    assert set(dtypes.values()) == {torch.float16}


def test_everything_that_is_not_weights_is_carried_byte_for_byte(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "llama")
    (folder / "LICENSE").write_text("be kind\n")
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    (folder / "generation_config.json").write_text('{"max_new_tokens": 7,\n\n "bos_token_id": 2}')
    save(open_folder(folder), checkpoint_of(folder), tmp_path / "out")
    for name in ("LICENSE", "chat_template.jinja", "generation_config.json", "tokenizer.json", "tokenizer_config.json"):
        assert (tmp_path / "out" / name).read_bytes() == (folder / name).read_bytes()


def test_tied_weights_are_stored_once(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "llama", dtype=torch.float16, tie_word_embeddings=True)
    save(open_folder(folder), checkpoint_of(folder), tmp_path / "out")
    assert "lm_head.weight" not in load_file(tmp_path / "out" / "model.safetensors")
    assert (tmp_path / "out" / "model.safetensors").stat().st_size == (folder / "model.safetensors").stat().st_size
