from __future__ import annotations

from types import SimpleNamespace

import pytest
from helpers.pico import CONFIGS, make_model

from sanitizer.omitted import constants, left_out, parameters_of
from sanitizer.report import Finding
from sanitizer.vet.header import layout
from sanitizer.vet.tied import APART

TIED = {"model_type": "llama", "tie_word_embeddings": True}
BOTH = ("lm_head.weight", "model.embed_tokens.weight")


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_nothing_that_a_model_of_today_has_is_a_constant(family: str) -> None:
    assert constants(make_model(family).state_dict()) == ()


def test_constants_that_older_versions_stored_are() -> None:
    old = {
        "transformer.h.0.attn.bias",
        "gpt_neox.layers.3.attention.masked_bias",
        "bert.embeddings.position_ids",
        "model.layers.0.self_attn.rotary_emb.inv_freq",
    }
    assert left_out({"model_type": "gpt2"}, [*old, "transformer.h.0.attn.c_attn.bias"], ()) == old


def test_the_second_name_of_what_is_tied_goes_if_both_are_there_and_alike() -> None:
    assert left_out(TIED, BOTH, ()) == {"lm_head.weight"}
    assert left_out(TIED, BOTH[:1], ()) == frozenset()
    assert left_out({**TIED, "tie_word_embeddings": False}, BOTH, ()) == frozenset()
    assert left_out(TIED, BOTH, [Finding(APART.id, "medium", "model.safetensors", "differ")]) == frozenset()


def test_parameters_are_counted_without_what_is_left_out() -> None:
    tensors = {name: SimpleNamespace(dtype="F32", shape=shape) for name, shape in {"a": (4, 2), "b": (3,)}.items()}
    assert parameters_of([layout(tensors), layout({"c": SimpleNamespace(dtype="F16", shape=(5,))})]) == 8 + 3 + 5
    assert parameters_of([layout(tensors)], frozenset({"a"})) == 3
