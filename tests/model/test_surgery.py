from __future__ import annotations

import copy
import pickle

import pytest
import torch
from helpers.pico import CONFIGS, make_model
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.heads import HeadId
from sanitizer.model.anatomy import Anatomy
from sanitizer.model.surgery import LayerConfig, cut, describe, split

LLAMA = Anatomy.of(make_model("llama"))
BERT = Anatomy.of(make_model("bert"))
SOME_HEADS = st.sets(st.builds(HeadId, st.integers(0, 2), st.integers(0, 3)))


@given(heads=SOME_HEADS)
@pytest.mark.parametrize("anatomy", [BERT, LLAMA], ids=["bert", "llama"])
def test_split_is_a_partition_that_leaves_a_layer_buildable(anatomy: Anatomy, heads: set[HeadId]) -> None:
    done = split(anatomy, heads)
    assert sorted((*done.cut, *done.zero)) == sorted(heads)
    for layer in anatomy.layers:
        left = [head for head in range(layer.heads) if HeadId(layer.index, head) not in done.cut]
        sizes = {sum(head // layer.group == key for head in left) for key in {head // layer.group for head in left}}
        assert left
        assert len(sizes) == 1


@given(heads=SOME_HEADS)
def test_without_groups_only_a_layers_last_head_is_zeroed(heads: set[HeadId]) -> None:
    whole_layers = sum(all(HeadId(layer, head) in heads for head in range(4)) for layer in range(3))
    assert len(split(BERT, heads).zero) == whole_layers


def test_one_head_of_each_group_can_be_cut_and_a_lone_one_cannot() -> None:
    assert split(LLAMA, [HeadId(0, 0), HeadId(0, 3)]).cut == (HeadId(0, 0), HeadId(0, 3))
    assert split(LLAMA, [HeadId(0, 0)]).zero == (HeadId(0, 0),)


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_kept_heads_keep_their_weights_to_the_bit(family: str) -> None:
    model = make_model(family)
    before = Anatomy.of(model)
    old = {
        (layer.index, head): layer.as_outputs(layer.query(head).module.weight)[list(layer.query(head).rows)].clone()
        for layer in before.layers
        for head in range(layer.heads)
    }
    after = cut(model, before, split(before, [HeadId(0, 0), HeadId(0, 1), HeadId(2, 1), HeadId(2, 2)]).cut)
    assert after.counts() == (2, 4, 2)
    for layer in after.layers:
        for head, original in enumerate(layer.original):
            rows = layer.as_outputs(layer.query(head).module.weight)[list(layer.query(head).rows)]
            assert torch.equal(rows, old[layer.index, original])


def test_cutting_twice_is_cutting_at_once() -> None:
    once, twice = make_model("gpt2"), make_model("gpt2")
    cut(once, Anatomy.of(once), [HeadId(1, 0), HeadId(1, 2)])
    anatomy = cut(twice, Anatomy.of(twice), [HeadId(1, 0)])
    anatomy = cut(twice, anatomy, [HeadId(1, 1)])  # what was head 2 is head 1 now
    assert anatomy.layers[1].original == (1, 3)
    for one, two in zip(once.parameters(), twice.parameters(), strict=True):
        assert torch.equal(one, two)


def test_describe_says_nothing_about_a_whole_model() -> None:
    config = copy.deepcopy(make_model("bert").config)
    before = config.to_dict()
    describe(config, BERT)
    assert config.to_dict() == before


def test_describe_lists_heads_as_the_whole_model_counts_them() -> None:
    model = make_model("bert")
    anatomy = cut(model, Anatomy.of(model), [HeadId(1, 2)])
    describe(model.config, anatomy)
    assert model.config.quantization_config == {"quant_method": "sanitizer", "removed_heads": {"1": [2]}}


def test_layer_config_is_live_except_for_its_heads() -> None:
    config = make_model("phi3").config
    view = LayerConfig(config, 2)
    config.attention_dropout = 0.5
    assert (view.num_attention_heads, view.attention_dropout) == (2, 0.5)
    assert pickle.loads(pickle.dumps(view)).num_attention_heads == 2
