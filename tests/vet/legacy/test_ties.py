"""What is tied is asked of transformers itself: the table says what its classes and configs say."""

from __future__ import annotations

import pytest
from helpers.pico import CONFIGS
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, PreTrainedConfig, PreTrainedModel

from sanitizer.vet.legacy.ties import TIES, tied
from sanitizer.vet.legacy.values import Storage, View

SEEN = View(Storage("0", "F32", 8), "F32", 0, (2,), (1,))
OTHER = View(Storage("1", "F32", 8), "F32", 0, (2,), (1,))


def config_of(model_type: str) -> PreTrainedConfig:
    return AutoConfig.for_model(model_type, **CONFIGS[model_type][1])


def language_model(config: PreTrainedConfig) -> PreTrainedModel:
    kind = AutoModelForMaskedLM if type(config) in AutoModelForMaskedLM._model_mapping else AutoModelForCausalLM
    return kind.from_config(config)


def test_every_supported_family_is_in_the_table() -> None:
    assert TIES.keys() == CONFIGS.keys()


@pytest.mark.parametrize("model_type", TIES)
def test_the_table_is_what_transformers_does(model_type: str) -> None:
    config = config_of(model_type)
    assert config.tie_word_embeddings is TIES[model_type].default
    config.tie_word_embeddings = True
    model = language_model(config)
    assert dict(TIES[model_type].pairs) == model.get_expanded_tied_weights_keys()
    named = dict(model.named_parameters(remove_duplicate=False))
    for name, source in TIES[model_type].pairs:
        assert named[name] is named[source]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"model_type": "gpt2"}, ["lm_head.weight"]),
        ({"model_type": "gpt2", "tie_word_embeddings": True}, ["lm_head.weight"]),
        ({"model_type": "gpt2", "tie_word_embeddings": False}, []),
        ({"model_type": "gpt2", "tie_word_embeddings": "yes"}, []),
        ({"model_type": "gpt2", "tie_word_embeddings": None}, ["lm_head.weight"]),
        ({"model_type": "gpt_neox"}, []),
        ({"model_type": "unheard-of", "tie_word_embeddings": True}, []),
        ({"model_type": ["gpt2"]}, []),
        ({}, []),
    ],
)
def test_the_config_decides(config: dict[str, object], expected: list[str]) -> None:
    assert list(tied(config, {"lm_head.weight": SEEN, "transformer.wte.weight": SEEN})) == expected


@pytest.mark.parametrize(
    "views",
    [
        {"lm_head.weight": SEEN},
        {"transformer.wte.weight": SEEN},
        {"lm_head.weight": SEEN, "transformer.wte.weight": OTHER},
        {"lm_head.weight": SEEN, "transformer.wte.weight": View(SEEN.storage, "F32", 0, (1, 2), (2, 1))},
        {"lm_head.weight": SEEN, "other": SEEN},
    ],
)
def test_only_the_very_same_bytes_are_tied(views: dict[str, View]) -> None:
    assert list(tied({"model_type": "gpt2"}, views)) == []
