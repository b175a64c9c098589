"""The table of names and shapes against the classes of transformers on the meta device."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import transformers
from helpers.pico import CAUSAL, CONFIGS, make_folder
from safetensors.torch import load_file, save_file

from sanitizer.vet import shapes
from sanitizer.vet.gate import survey
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import answer, refusal
from sanitizer.vet.shapes import PARTS, fitting, length, sizes


def found(folder: Path) -> list[str]:
    return [finding.rule for finding in fitting(open_local(folder))]


def changed(folder: Path, **config: object) -> list[str]:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **config}))
    return found(folder)


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_every_matrix_of_the_native_class_is_in_the_table_with_its_shape(family: str) -> None:
    prefix, config = CONFIGS[family]
    made = getattr(transformers, f"{'Gemma3Text' if family == 'gemma3_text' else prefix}Config")(**config)
    name = f"{prefix}{'ForCausalLM' if family in CAUSAL else 'ForSequenceClassification'}"
    with torch.device("meta"):
        model = getattr(transformers, "GPT2LMHeadModel" if family == "gpt2" else name)(made)
    known, in_layers = sizes(made.to_dict()), 0
    for key, tensor in model.state_dict().items():
        matches = [part for part in PARTS[family] if part.pattern.search(key)]
        assert len(matches) <= 1
        for part in matches:
            assert tuple(length(word, known) for word in part.shape) == tuple(tensor.shape), key
            in_layers += part.layered
    assert in_layers == made.num_hidden_layers * sum(part.layered for part in PARTS[family])
    assert in_layers == sum(tensor.dim() == 2 and ".0." in f".{key}" for key, tensor in model.state_dict().items()) * 3


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_what_was_saved_fits_and_another_config_does_not(family: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", family)
    assert found(folder) == []
    known = json.loads((folder / "config.json").read_text())
    layers = next(key for key in ("num_hidden_layers", "n_layers", "n_layer") if key in known)
    assert changed(folder, **{layers: 4}) == ["weights.missing"]
    assert "weights.shape" in changed(folder, **{layers: 3, "vocab_size": 7})


def test_missing_embeddings_are_missed_unless_the_tied_head_is_there(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "gpt2")
    tensors = load_file(folder / "model.safetensors")
    embeddings = tensors.pop("transformer.wte.weight")
    save_file(tensors, folder / "model.safetensors")
    assert found(folder) == ["weights.missing"]
    save_file({**tensors, "lm_head.weight": embeddings}, folder / "model.safetensors")
    assert found(folder) == []
    save_file({"lm_head.weight": embeddings, "wte.weight": embeddings.clone()}, folder / "model.safetensors")
    assert found(folder) == [], "without a single layer it is no model, and nothing is missed"


def test_heads_that_were_cut_out_are_no_doubt(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    tensors = load_file(folder / "model.safetensors")
    name = "bert.encoder.layer.0.attention.self.query.weight"
    tensors[name] = tensors[name][:8].clone()
    save_file(tensors, folder / "model.safetensors")
    assert found(folder) == ["weights.shape"]
    assert changed(folder, quantization_config={"quant_method": "sanitizer", "removed_heads": {"0": [0, 1, 2]}}) == []


def test_a_folder_of_another_model_is_inconclusive(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    make_folder(tmp_path / "other", "bert", hidden_size=16)
    (tmp_path / "other" / "model.safetensors").rename(folder / "model.safetensors")
    seen = survey(open_local(folder))
    assert answer(seen.record, "medium") == "inconclusive"
    assert refusal(seen.record) is None, "it can be rebuilt, and opening the copy tells the rest"


def test_a_large_model_without_a_known_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    tensors = load_file(folder / "model.safetensors")
    save_file({f"x.{number}": tensor for number, tensor in enumerate(tensors.values())}, folder / "model.safetensors")
    assert found(folder) == []
    monkeypatch.setattr(shapes, "HARMLESS", 1000)
    assert found(folder) == ["weights.names"]


@pytest.mark.parametrize(
    ("name", "quantized", "rules"),
    [
        ("extra.payload", False, ["weights.bytes"]),
        ("extra.payload", True, ["weights.bytes"]),
        ("extra.qweight", False, ["weights.bytes"]),
        ("extra.qweight", True, []),
        ("h.0.attn.bias", False, []),
    ],
)
def test_bytes_belong_to_quantized_weights_and_old_masks_alone(
    name: str, quantized: bool, rules: list[str], tmp_path: Path
) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    path = folder / "model.safetensors"
    save_file({**load_file(path), name: torch.zeros(64, dtype=torch.uint8)}, path)
    assert changed(folder, **({"quantization_config": {"quant_method": "gptq"}} if quantized else {})) == rules


def test_a_payload_ends_with_a_code_that_a_job_can_see(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", "bert")
    path = folder / "model.safetensors"
    save_file({**load_file(path), "extra.payload": torch.zeros(64, dtype=torch.uint8)}, path)
    assert answer(survey(open_local(folder)).record, "medium") == "refused"
