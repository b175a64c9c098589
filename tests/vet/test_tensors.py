"""One answer to "which tensors?", whatever the format: the rebuilt folder says what its source said."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.checkpoints import make, vetted
from safetensors.torch import save_file

from sanitizer.errors import RefusedError
from sanitizer.vet.inventory import open_local, rebuilt_name
from sanitizer.vet.rebuild import rebuild
from sanitizer.vet.tensors import headers, rebuilt_headers

STATE = {"a": torch.ones(2, 3), "b": torch.zeros(4, dtype=torch.float16), "c": torch.tensor(7)}


def test_both_formats_give_the_same_tensors(tmp_path: Path) -> None:
    one, other = make(tmp_path / "one"), make(tmp_path / "other")
    save_file(STATE, one / "model.safetensors")
    (other / "model.safetensors").unlink()
    torch.save(STATE, other / "pytorch_model.bin")
    theirs = headers(open_local(one))["model.safetensors"].tensors
    assert headers(open_local(other))["pytorch_model.bin"].tensors == theirs
    assert list(theirs) == ["c", "a", "b"]


def test_what_will_be_written_is_what_is_written(tmp_path: Path) -> None:
    folder = make(tmp_path / "m", model_type="gpt2")
    (folder / "model.safetensors").unlink()
    torch.save(
        {**STATE, "lm_head.weight": STATE["a"], "transformer.wte.weight": STATE["a"]}, folder / "pytorch_model.bin"
    )
    checkpoint = open_local(folder)
    assert headers(checkpoint)["pytorch_model.bin"].tensors.keys() >= {"lm_head.weight", "transformer.wte.weight"}
    promised = rebuilt_headers(checkpoint)
    written = headers(rebuild(checkpoint, vetted(folder), tmp_path / "out"))
    assert {rebuilt_name(name): header.tensors for name, header in promised.items()} == {
        name: header.tensors for name, header in written.items()
    }
    assert rebuilt_headers(open_local(tmp_path / "out")) == written


def test_what_cannot_be_read_is_not_left_out(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x02}.")
    with pytest.raises(RefusedError):
        headers(open_local(folder))
