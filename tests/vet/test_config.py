"""config.json is written anew: what is carried, what is not, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import CONFIG, make, rules, vetted, write_json
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.errors import RefusedError, UnsupportedError
from sanitizer.vet import config, keys
from sanitizer.vet.config import regenerate
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import refusal
from sanitizer.vet.keys import SETTINGS
from sanitizer.vet.rebuild import rebuild


def rewritten(folder: Path, target: Path, name: str = "config.json") -> Any:
    config.write(open_local(folder), name, target)
    return json.loads(target.read_bytes())


def test_ordinary_keys_are_carried_in_order_and_none_is_added(tmp_path: Path) -> None:
    folder = make(tmp_path / "m", position_embedding_type="absolute", transformers_version="5", _name_or_path="x")
    document = rewritten(folder, tmp_path / "out")
    assert document == {**CONFIG, "position_embedding_type": "absolute"}
    assert list(document) == [*CONFIG, "position_embedding_type"]


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


def test_weights_that_are_compressed_are_not_supported(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="quantized"):
        vetted(make(tmp_path / "m", compression_config={"quant_method": "compressed-tensors"}))


@pytest.mark.parametrize(
    ("setting", "rule"),
    [
        ({"num_beams": 10**9}, "config.absurd-size"),
        ({"num_return_sequences": -1}, "config.absurd-size"),
        ({"max_length": 10**30}, "config.absurd-size"),
        ({"compile_config": {"backend": "evil.mod:fn"}}, "config.value"),
        ({"cache_config": {"backend": "os.system"}}, "config.value"),
        ({"watermarking_config": {"__class__": "x"}}, "config.value"),
    ],
)
def test_what_generation_must_not_say(setting: dict[str, Any], rule: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    write_json(folder / "generation_config.json", setting)
    assert rules(vetted(folder)) == {rule}


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
        ({"num_attention_heads": 0}, "config.absurd-size"),
        ({"chunk_size_feed_forward": -1}, "config.absurd-size"),
    ],
)  # fmt: skip
def test_refused(keys: dict[str, Any], rule: str, tmp_path: Path) -> None:
    record = vetted(make(tmp_path / "m", **keys))
    assert {finding.rule for finding in record.findings if finding.severity == "high"} == {rule}
    assert refusal(record) is not None


@pytest.mark.parametrize("family", sorted(SETTINGS))
def test_every_setting_of_the_library_is_known(family: str) -> None:
    """Against transformers' own classes: what save_pretrained writes for a fresh model is carried, all of it."""
    transformers = pytest.importorskip("transformers")
    written = json.loads(transformers.CONFIG_MAPPING[family]().to_json_string(use_diff=False))
    written |= {"architectures": ["A"], "id2label": {"0": "a"}, "label2id": {"a": 0}}
    for name in ("transformers_version", "_name_or_path", "_attn_implementation_autoset"):
        written.pop(name, None)
    forms = keys.allowed(family)
    assert forms is not None
    known, findings = regenerate(written, forms, "config.json")
    assert known == written
    assert findings == ()


def test_every_setting_of_generation_is_known() -> None:
    transformers = pytest.importorskip("transformers")
    written = json.loads(transformers.GenerationConfig(max_length=5).to_json_string(use_diff=False))
    del written["transformers_version"]
    assert regenerate(written, keys.GENERATION, "generation_config.json") == (written, ())


OLD = {
    # As save_pretrained of transformers 2 to 4 wrote them for models that are still downloaded every day.
    "bert": {"directionality": "bidi", "pooler_fc_size": 768, "gradient_checkpointing": False, "hidden_act": "gelu"},
    "qwen3": {"transformers.js_config": {"dtype": "fp32"}, "is_custom_rope": False, "unsloth_version": "2025.1"},
    "gpt2": {"n_ctx": 1024, "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}}},
    "distilbert": {"finetuning_task": "sst-2", "output_past": True, "tie_weights_": True, "sinusoidal_pos_embds": 0},
    "llama": {
        "rope_scaling": {"factor": 8.0, "rope_type": "llama3"},
        "eos_token_id": [1, 2],
        "torch_dtype": "bfloat16",
    },
    "qwen2": {"use_mrope": False, "sliding_window": None, "max_window_layers": 21, "rope_theta": 1000000.0},
    "phi3": {"rope_scaling": {"long_factor": [1.0, 1.5], "short_factor": [1, 2], "type": "longrope"}},
    "opt": {"prefix": "</s>", "activation_dropout": 0.0, "_remove_final_layer_norm": False, "layerdrop": 0.0},
    "gemma2": {
        "cache_implementation": "hybrid",
        "hidden_activation": "gelu_pytorch_tanh",
        "attn_logit_softcapping": 50.0,
    },
    "electra": {
        "summary_type": "first",
        "sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"},
    },
    "roberta": {"id2label": {"0": "5 stars ⭐", "1": "größe"}, "label2id": {"5 stars ⭐": 0, "größe": 1}},
}


@pytest.mark.parametrize("family", sorted(OLD))
def test_configs_of_older_libraries_are_not_refused(family: str) -> None:
    forms = keys.allowed(family)
    assert forms is not None
    known, findings = regenerate(OLD[family], forms, "config.json")
    assert {finding.severity for finding in findings} <= {"low"}
    assert known == {key: value for key, value in OLD[family].items() if key in forms}
    assert regenerate(known, forms, "config.json") == (known, ())


@pytest.mark.parametrize(
    ("unknown", "rule"),
    [
        ({"my_number": 3, "my_flag": True, "my_word": "fast"}, "config.unknown-setting"),
        ({"custom_head": "evil.py"}, "config.code-like"),
        ({"head_module": "something"}, "config.code-like"),
        ({"a": {"b": ["https://evil.example/x"]}}, "config.code-like"),
        ({"a": "org/repo--module.Class"}, "config.code-like"),
        ({"a": "__import__('os')"}, "config.code-like"),
        ({"a": "../../x"}, "config.code-like"),
        ({"use_module": True, "modules": 3}, "config.unknown-setting"),
        ({"welcome": "Read more at https://example.org " + "and so on " * 20}, "config.unknown-setting"),
        ({"backbone": "evil/repo"}, "config.code-like"),
        ({"kernel_config": {"RMSNorm": "evil/kernels:RMSNorm"}}, "config.code-like"),
        ({"a": {"_target_": "builtins.Exec"}}, "config.code-like"),
        ({"a": "evil_module:make"}, "config.code-like"),
        ({"a": "$(id)"}, "config.code-like"),
        ({"a": "/etc/passwd"}, "config.code-like"),
    ],
)
def test_unknown_settings_are_left_out_or_refused(unknown: dict[str, Any], rule: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m", **unknown)
    record = vetted(folder)
    assert rules(record) == {rule}
    assert (refusal(record) is None) == (rule == "config.unknown-setting")
    assert rewritten(folder, tmp_path / "out") == CONFIG


@pytest.mark.parametrize(
    "value",
    [
        {"hidden_dropout_prob": "0.1"},
        {"hidden_size": 4.0},
        {"use_cache": "yes"},
        {"hidden_act": "a b"},
        {"hidden_act": ["gelu"]},
        {"id2label": ["a", "b"]},
        {"id2label": {"zero": "a"}},
        {"id2label": {"0": "a\u202eb"}},
        {"id2label": {"0": "<script>alert(1)</script>"}},
        {"id2label": {"0": "{{ x }}"}},
        {"hidden_act": "os.system"},
        {"problem_type": "other"},
        {"task_specific_params": {"__class__": {"x": 1}}},
        {"label2id": {"a": [0]}},
        {"eos_token_id": "2"},
        {"task_specific_params": {"a b": 1}},
        {"pruned_heads": {"0": "1"}},
    ],
)
def test_values_of_another_kind_are_refused(value: dict[str, Any], tmp_path: Path) -> None:
    record = vetted(make(tmp_path / "m", **value))
    assert rules(record) == {"config.value"}
    assert refusal(record) is not None


def test_a_type_whose_settings_are_not_known_is_not_vetted(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="'t5' are not known"):
        vetted(make(tmp_path / "m", model_type="t5"))
    assert refusal(vetted(make(tmp_path / "n", model_type="t5", auto_map={"a": "b.C"}))) is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(sorted({name for family in SETTINGS for name in keys.allowed(family) or ()})) | st.text(
    max_size=9
)


@given(st.sampled_from(sorted(SETTINGS)), st.dictionaries(NAMES, JSON, max_size=6))
def test_regenerating_twice_changes_nothing(family: str, document: dict[str, Any]) -> None:
    forms = keys.allowed(family)
    assert forms is not None
    once, findings = regenerate(document, forms, "config.json")
    twice, more = regenerate(once, forms, "config.json")
    assert twice == once
    assert list(twice) == list(once)
    assert more == tuple(finding for finding in findings if finding.rule == "config.value")
    assert set(once) <= set(forms)


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
