"""A model has weights that can be read; other pickles in their place are named one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.checkpoints import make, vetted

from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import refusal
from sanitizer.vet.weights import required


@pytest.mark.parametrize("name", ["Pytorch_model.bin", "model.pt", "pytorch_model-00001-of-00002.BIN", "model.ckpt"])
def test_pickles_as_the_only_weights_are_refused_by_name(name: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "model.safetensors").rename(folder / name)
    record = vetted(folder)
    assert next(file.fate for file in record.files if file.name == name) == "refused"
    against = refusal(record)
    assert against is not None
    assert "weights.pickle-only" in {finding.rule for finding in against.findings}


@pytest.mark.parametrize("name", ["optimizer.pt", "training_args.bin", "tf_model.h5", "onnx/model.bin", "notes.txt"])
def test_what_is_not_weights_does_not_stand_in_for_them(name: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    (finding,) = required(open_local(folder), [name])
    assert (finding.rule, finding.file) == ("weights.none", ".")


def test_nothing_to_say_beside_safetensors(tmp_path: Path) -> None:
    assert required(open_local(make(tmp_path / "m")), ["pytorch_model.bin"]) == ()
