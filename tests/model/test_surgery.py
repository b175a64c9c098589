from __future__ import annotations

import pickle

import pytest
import torch
from helpers.pico import CONFIGS, make_model

from sanitizer.heads import HeadId
from sanitizer.model.anatomy import Anatomy
from sanitizer.model.geometry import split
from sanitizer.model.surgery import LayerConfig, cut


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


def test_layer_config_is_live_except_for_its_heads() -> None:
    config = make_model("phi3").config
    view = LayerConfig(config, 2)
    config.attention_dropout = 0.5
    assert (view.num_attention_heads, view.attention_dropout) == (2, 0.5)
    assert pickle.loads(pickle.dumps(view)).num_attention_heads == 2
