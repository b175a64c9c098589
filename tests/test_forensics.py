"""The verb, from a word for a model to a record that `apply` takes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers.bases import make_base
from helpers.pico import make_folder
from helpers.runs import make_suspect
from helpers.subjects import open_folder
from safetensors.torch import load_file, save_file

from sanitizer.applying.work import apply
from sanitizer.errors import RefusedError, UsageError
from sanitizer.forensics import forensics
from sanitizer.heads import HeadId
from sanitizer.model.slices import head_slices
from sanitizer.model.suspicion import by_weights, judged
from sanitizer.model.weighed import weigh
from sanitizer.options import ApplyOptions, ForensicsOptions
from sanitizer.schema import from_json, to_json

SIZE = {"hidden_size": 64, "num_attention_heads": 8, "num_hidden_layers": 4}
HEAD = HeadId(2, 5)


def implanted(folder: Path, *, odd: bool) -> Path:
    """A model with one head from another: numbers like those of the others or, `odd`, larger and with heavy tails."""
    make_folder(folder, "bert", **SIZE)
    weights = load_file(folder / "model.safetensors")
    generator = torch.Generator().manual_seed(5)
    rows = slice(8 * HEAD.head, 8 * HEAD.head + 8)
    attention = f"layer.{HEAD.layer}.attention"
    parts = [tensor[rows] for name, tensor in weights.items() if re.search(rf"{attention}\.self\.\w+\.weight$", name)]
    parts += [tensor[:, rows] for name, tensor in weights.items() if name.endswith(f"{attention}.output.dense.weight")]
    for part in parts:
        drawn = 0.02 * torch.randn(part.shape, generator=generator)
        part[:] = 20_000 * drawn**3 if odd else drawn
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_the_verdict_is_that_on_the_weights_of_the_live_model(tmp_path: Path) -> None:
    folder = implanted(tmp_path / "model", odd=True)
    found = forensics(ForensicsOptions(str(folder)))
    weighed = weigh(head_slices(open_folder(folder).anatomy))
    assert found.forensics == judged(weighed.silence, by_weights(weighed), texts=0, probes=0)
    assert found.heads == (HEAD,)
    assert (found.source.heads, found.source.architecture) == ((8,) * 4, "BertForSequenceClassification")
    assert from_json(to_json(found), "forensics") == found


def test_its_json_is_a_plan_for_these_files(tmp_path: Path) -> None:
    folder = implanted(tmp_path / "model", odd=True)
    (tmp_path / "planted.json").write_text(to_json(forensics(ForensicsOptions(str(folder)))))
    done = apply(ApplyOptions(tmp_path / "planted.json", str(folder), output=tmp_path / "out"))
    assert [record.head for record in done.report.heads] == [HEAD]


def test_against_the_base_a_head_that_looks_like_the_others_is_named(tmp_path: Path) -> None:
    folder, base = implanted(tmp_path / "model", odd=False), make_base(tmp_path / "base", "bert", **SIZE)
    assert forensics(ForensicsOptions(str(folder))).heads == ()
    found = forensics(ForensicsOptions(str(folder), base=str(base)))
    assert found.heads == (HEAD,)
    assert found.base is not None and found.base.name == "base" and 0.9 < found.base.similarity < 1
    assert found.warnings == ()


def test_a_base_that_is_none_is_said(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model", "bert", **SIZE)
    with pytest.raises(UsageError, match="other shapes"):
        forensics(ForensicsOptions(str(folder), base=str(make_base(tmp_path / "small", "bert"))))
    with pytest.raises(UsageError, match="the base is a gpt2 model, the suspect a bert one"):
        forensics(ForensicsOptions(str(folder), base=str(make_base(tmp_path / "other", "gpt2"))))
    stranger = make_base(tmp_path / "stranger", "bert", seed=9, **SIZE)
    assert (
        "may not be what this model was made from"
        in forensics(ForensicsOptions(str(folder), base=str(stranger))).warnings[0]
    )


def test_a_model_that_is_refused_is_not_looked_at(tmp_path: Path) -> None:
    folder = make_suspect(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    with pytest.raises(RefusedError):
        forensics(ForensicsOptions(str(folder)))


def test_no_model_is_built(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model", "bert", **SIZE)
    script = f"""
import sys
from sanitizer.forensics import forensics
from sanitizer.options import ForensicsOptions
forensics(ForensicsOptions({str(folder)!r}))
assert not [name for name in sys.modules if name.startswith("transformers.model") and "modeling_bert" in name]
assert "transformers.modeling_utils" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)
