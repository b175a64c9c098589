"""Ordinary checkpoints of every supported family, with all that people leave in them, are not refused."""

from __future__ import annotations

import io
import json
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.hostile import model, piece
from helpers.pico import CONFIGS, make_folder
from transformers import TrainingArguments

from sanitizer.checkpoint import Checkpoint, FileDigest, HubOrigin
from sanitizer.vet.gate import vet
from sanitizer.vet.inventory import open_local, wanted
from sanitizer.vet.judgement import answer
from sanitizer.vet.rebuild import rebuild


def torch_saved(what: Any, **how: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(what, buffer, **how)
    return buffer.getvalue()


def stepped() -> torch.optim.Optimizer:
    layer = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return optimizer


OPTIMIZER = stepped()
SCHEDULER = torch.optim.lr_scheduler.LambdaLR(OPTIMIZER, lambda step: 1.0)
LEFT = {
    ".gitattributes": b"*.safetensors filter=lfs\n",
    ".gitignore": b"checkpoint-*/\n",
    "1_Pooling/config.json": b"{}",
    "LICENSE": b"Apache License\n",
    "README.md": b"---\nlicense: apache-2.0\nlanguage: en\n---\n# A model\n",
    "added_tokens.json": b'{"<mask>": 7}',
    "all_results.json": b"{}",
    "checkpoint-500/optimizer.pt": torch_saved(OPTIMIZER.state_dict()),
    "coreml/text/float32_model.mlpackage/Data/com.apple.CoreML/weights/weight.bin": b"\x05\0\0\0\x02\0\0\0",
    "eval_results.txt": b"accuracy = 0.9\n",
    "figure.png": b"\x89PNG\r\n\x1a\n",
    "flax_model.msgpack": b"\x81\xa6params",
    "generation_config.json": b'{"_from_model_config": true, "eos_token_id": 2, "transformers_version": "4.40.0"}',
    "merges.txt": b"#version: 0.2\n\xc4\xa0 t\nh e\n",
    "modules.json": b"[]",
    "onnx/model.onnx": b"\x08\x07\x12\x07pytorch",
    "onnx/model_quantized.onnx": b"\x08\x07",
    "openvino/openvino_model.bin": b"\x00\x01",
    "optimizer.pt": torch_saved(OPTIMIZER.state_dict(), _use_new_zipfile_serialization=False),
    "random_states_0.pkl": pickle.dumps({"numpy": np.random.get_state(), "python": random.getstate()}),
    "rng_state_0.pth": torch_saved(
        {"python": random.getstate(), "numpy": np.random.get_state(), "cpu": torch.get_rng_state()}
    ),
    "runs/Nov01/events.out.tfevents.1": b"\x18\x00",
    "rust_model.ot": b"PK\x03\x04",
    "scheduler.pt": torch_saved(SCHEDULER.state_dict()),
    "special_tokens_map.json": b'{"unk_token": {"content": "<unk>", "lstrip": false, "normalized": false}}',
    "tf_model.h5": b"\x89HDF\r\n\x1a\n",
    "tokenizer.model": model(piece("<unk>", 0.0, 2), piece("a", -1.0)),
    "train.py": b"print()\n",
    "trainer_state.json": b"{}",
    "training_args.bin": torch_saved(TrainingArguments("out", use_cpu=True, report_to=[])),
    "vocab.json": b'{"a": 0}',
    "vocab.txt": b"[PAD]\n[UNK]\nthe\n##s\n",
}


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_nothing_ordinary_is_refused_by_default(family: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", family)
    config = json.loads((folder / "config.json").read_text())
    config |= {"_name_or_path": "org/base", "torch_dtype": "float32", "output_past": True, "_num_labels": 2}
    (folder / "config.json").write_text(json.dumps(config))
    for name, content in LEFT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    checkpoint = open_local(folder)
    record = vet(checkpoint)
    assert [finding for finding in record.findings if finding.severity != "low"] == []
    assert answer(record, "medium") == "passed"
    once = rebuild(checkpoint, record, tmp_path / "once")
    assert vet(once).findings == ()
    assert rebuild(once, vet(once), tmp_path / "twice").digest == once.digest


def test_nor_by_its_names_alone(tmp_path: Path) -> None:
    """What a Hub lists and nobody fetches."""
    fetched = open_local(make_folder(tmp_path / "m", "bert"))
    remote = Checkpoint(fetched.path, HubOrigin("org/name", "0" * 40), fetched.files)
    record = vet(remote, {name: FileDigest(len(content), "") for name, content in LEFT.items() if not wanted(name)})
    assert {finding.severity for finding in record.findings} == {"low"}
