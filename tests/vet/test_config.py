"""config.json is written anew: what is carried, what is not, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import CONFIG, make, rules, vetted, write_json

from sanitizer.errors import RefusedError, UnsupportedError
from sanitizer.vet import config
from sanitizer.vet.gate import rebuild, refusal
from sanitizer.vet.inventory import open_local


def rewritten(folder: Path, target: Path, name: str = "config.json") -> Any:
    config.write(open_local(folder), name, target)
    return json.loads(target.read_bytes())


def test_ordinary_keys_are_carried_in_order_and_none_is_added(tmp_path: Path) -> None:
    folder = make(tmp_path / "m", rope_parameters={"rope_type": "default"}, transformers_version="5", _name_or_path="x")
    document = rewritten(folder, tmp_path / "out")
    assert document == {**CONFIG, "rope_parameters": {"rope_type": "default"}}
    assert list(document) == [*CONFIG, "rope_parameters"]


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    folder = make(tmp_path / "m", trust_remote_code=False, quantization_config=None)
    rewritten(folder, tmp_path / "once")
    (folder / "config.json").write_bytes((tmp_path / "once").read_bytes())
    rewritten(folder, tmp_path / "twice")
    assert (tmp_path / "once").read_bytes() == (tmp_path / "twice").read_bytes()


@pytest.mark.parametrize("heads", [{}, {"0": []}, {"0": [0, 1], "1": [1]}])
def test_our_own_layout_is_accepted(heads: dict[str, list[int]], tmp_path: Path) -> None:
    quantization = {"quant_method": "sanitizer", "removed_heads": heads}
    folder = make(tmp_path / "m", quantization_config=quantization)
    assert refusal(vetted(folder), "low") is None
    assert rewritten(folder, tmp_path / "out")["quantization_config"] == quantization


@pytest.mark.parametrize(
    "quantization",
    [
        {},
        {"removed_heads": None},
        {"removed_heads": [[1]]},
        {"removed_heads": {"2": [0]}},
        {"removed_heads": {"-1": [0]}},
        {"removed_heads": {"00": [0]}},
        {"removed_heads": {"0": 1}},
        {"removed_heads": {"0": [True]}},
        {"removed_heads": {"0": ["1"]}},
        {"removed_heads": {"0": [1.0]}},
        {"removed_heads": {"0": [-1]}},
        {"removed_heads": {"0": [10**6]}},
        {"removed_heads": {"0": [1]}, "modules": "x"},
    ],
)
def test_a_spoilt_record_of_removed_heads_is_refused(quantization: dict[str, Any], tmp_path: Path) -> None:
    folder = make(tmp_path / "m", quantization_config={"quant_method": "sanitizer", **quantization})
    record = vetted(folder)
    assert "config.removed-heads" in rules(record)
    assert refusal(record) is not None


@pytest.mark.parametrize("quantization", [{"quant_method": "gptq", "bits": 4}, {}, "x"])
def test_other_quantized_weights_are_not_supported(quantization: Any, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="quantized"):
        vetted(make(tmp_path / "m", quantization_config=quantization))


def test_a_refusal_wins_over_not_supported(tmp_path: Path) -> None:
    folder = make(tmp_path / "m", quantization_config={"quant_method": "gptq"}, auto_map={"a": "b.C"})
    assert refusal(vetted(folder)) is not None


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ({"model_type": None}, "config.model-type"),
        ({"model_type": "a/b"}, "config.model-type"),
        ({"model_type": 1}, "config.model-type"),
        ({"architectures": "Bert"}, "config.architectures"),
        ({"architectures": ["a.b"]}, "config.architectures"),
        ({"architectures": [1]}, "config.architectures"),
        ({"a b": 1}, "config.key"),
        ({"": 1}, "config.key"),
        ({"__init__": 1}, "config.key"),
        ({"hidden_size": -1}, "config.absurd-size"),
        ({"text_config": {"vocab_size": 10**12}}, "config.absurd-size"),
        ({"anything": [[1 << 63]]}, "config.absurd-size"),
    ],
)  # fmt: skip
def test_refused(keys: dict[str, Any], rule: str, tmp_path: Path) -> None:
    record = vetted(make(tmp_path / "m", **keys))
    assert rules(record) == {rule}
    assert refusal(record) is not None


def test_generation_config_has_no_model_type_and_is_screened(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    path = folder / "generation_config.json"
    write_json(path, {"max_length": 20, "cache_implementation": "static", "transformers_version": "5"})
    assert vetted(folder).findings == ()
    document = rewritten(folder, tmp_path / "out", path.name)
    assert document == {"max_length": 20, "cache_implementation": "static"}
    write_json(path, {"custom_generate": "org/repo"})
    assert rules(vetted(folder)) == {"config.custom-code"}


def test_transformers_reads_what_was_written(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    checkpoint = open_local(make(tmp_path / "m", transformers_version="4.0.0", dtype="float16"))
    rebuilt = rebuild(checkpoint, vetted(checkpoint.path), tmp_path / "out")
    before, after = (transformers.AutoConfig.from_pretrained(c.path).to_dict() for c in (checkpoint, rebuilt))
    for document in (before, after):
        document.pop("_name_or_path", None)
        document.pop("transformers_version", None)
    assert before == after


def test_what_cannot_be_parsed_is_never_written(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "config.json").write_bytes(b"{")
    with pytest.raises(RefusedError):
        config.write(open_local(folder), "config.json", tmp_path / "out")
    assert not (tmp_path / "out").exists()
