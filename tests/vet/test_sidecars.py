"""JSON, templates and safetensors that other loaders pick up by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import make, vetted

from sanitizer.vet.judgement import answer
from sanitizer.vet.sidecars import is_sidecar

POOLING: dict[str, Any] = {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True}
TRANSFORMER = {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}
DENSE = {"in_features": 4, "out_features": 4, "activation_function": "torch.nn.modules.activation.Tanh"}
HOOK = {"auto_map": {"AutoProcessor": "evil.Processor"}}
SSTI = "{{ lipsum.__globals__ }}"
OVERLAP = b'{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}'
HOSTILE: dict[str, tuple[str, Any, str]] = {
    "processor": ("preprocessor_config.json", HOOK, "config.auto-map"),
    "sub-model": ("text_encoder/config.json", {"a": [HOOK]}, "config.auto-map"),
    "config of a version": ("config.4.0.0.json", HOOK, "config.auto-map"),
    "list": ("modules.json", [HOOK | TRANSFORMER], "config.auto-map"),
    "trust": ("sentence_bert_config.json", {"model_args": {"trust_remote_code": True}}, "config.trust-remote-code"),
    "kernel": ("video_preprocessor_config.json", {"attn_implementation": "evil/kernel"}, "config.implementation"),
    "module": ("modules.json", [TRANSFORMER | {"type": "os.system"}], "files.class-path"),
    "module's path": ("modules.json", [TRANSFORMER | {"path": "../x"}], "shards.path"),
    "no module": ("modules.json", [7], "files.class-path"),
    "activation": ("2_Dense/config.json", DENSE | {"activation_function": "os.system"}, "files.class-path"),
    "pipeline": ("model_index.json", {"_class_name": ["pipeline", "Evil"]}, "files.class-path"),
    "part of a pipeline": ("model_index.json", {"_class_name": "X", "unet": ["evil", "Evil"]}, "files.class-path"),
    "library": ("adapter_config.json", {"auto_mapping": {"parent_library": "os"}}, "files.class-path"),
    "adapter": ("adapter_config.json", HOOK, "config.auto-map"),
    "index": ("pytorch_model.bin.index.json", {"weight_map": {"a": "../../etc/passwd"}}, "shards.path"),
    "index of a variant": ("model.safetensors.index.fp16.json", {"weight_map": {"a": "/etc/passwd"}}, "shards.path"),
    "two values": ("preprocessor_config.json", '{"auto_map": null, "auto_map": {"a": "b"}}', "json.duplicate-key"),
    "deep": ("preprocessor_config.json", "[" * 9999 + "]" * 9999, "json.depth"),
    "template in it": ("preprocessor_config.json", {"chat_template": SSTI}, "template.escape"),
    "template": ("templates/tools.jinja", SSTI, "template.escape"),
    "tensors": (
        "model.fp16.safetensors",
        len(OVERLAP).to_bytes(8, "little") + OVERLAP + bytes(3),
        "safetensors.coverage",
    ),
}
HARMLESS: dict[str, tuple[str, Any]] = {
    "processor": ("preprocessor_config.json", {"do_resize": True, "image_processor_type": "ViTImageProcessor"}),
    "modules": ("modules.json", [TRANSFORMER, TRANSFORMER | {"path": "1_Pooling"}]),
    "pooling": ("1_Pooling/config.json", POOLING),
    "activation": ("2_Dense/config.json", DENSE),
    "pipeline": ("model_index.json", {"_class_name": "X", "unet": ["diffusers", "Y"], "safety_checker": [None, None]}),
    "index": ("pytorch_model.bin.index.json", {"weight_map": {"a": "pytorch_model-00001-of-00002.bin"}}),
    "log": ("trainer_state.json", '{"log_history": [{"loss": NaN}], "trust_remote_code": true}'),
    "settings of training": ("training_config.json", {"trust_remote_code": True}),
    "template": ("templates/tools.jinja", "{{ messages | pprint }}"),
    "tensors": ("extra.safetensors", "version https://git-lfs.github.com/spec/v1\n"),
}


def put(folder: Path, name: str, content: Any) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    raw = content if isinstance(content, str | bytes) else json.dumps(content)
    (folder / name).write_bytes(raw.encode() if isinstance(raw, str) else raw)


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_is_told_and_left_behind(case: str, tmp_path: Path) -> None:
    name, content, rule = HOSTILE[case]
    folder = make(tmp_path / "m")
    put(folder, name, content)
    record = vetted(folder)
    assert rule in {finding.rule for finding in record.findings if finding.file == name}
    assert {file.name: file.fate for file in record.files}[name] == "dropped"
    assert answer(record, "high") == "refused"


@pytest.mark.parametrize("case", HARMLESS)
def test_harmless_passes(case: str, tmp_path: Path) -> None:
    name, content = HARMLESS[case]
    folder = make(tmp_path / "m")
    put(folder, name, content)
    assert answer(vetted(folder), "medium") == "passed"


def test_names() -> None:
    assert is_sidecar("onnx/config.json")
    assert is_sidecar("modules.json")
    assert not is_sidecar("all_results.json")
    assert not is_sidecar("lora_config.json")
    assert not is_sidecar("config.yaml")
