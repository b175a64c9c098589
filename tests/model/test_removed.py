from __future__ import annotations

import copy

import pytest
from helpers.pico import make_model

from sanitizer.errors import UnsupportedError
from sanitizer.heads import HeadId
from sanitizer.model.anatomy import Anatomy
from sanitizer.model.families import HeadShape
from sanitizer.model.removed import check_removed, describe, removed_heads
from sanitizer.model.surgery import cut

MANY = HeadShape(layers=2, heads=4, key_heads=4, head_dim=8)
GROUPED = HeadShape(layers=2, heads=4, key_heads=2, head_dim=8)


def test_quantized_weights_are_refused_by_name() -> None:
    config = make_model("bert").config
    config.quantization_config = {"quant_method": "bitsandbytes"}
    with pytest.raises(UnsupportedError, match="bitsandbytes"):
        removed_heads(config, HeadShape.of(config))


@pytest.mark.parametrize(
    ("stated", "shape"),
    [
        ({"0": [0, 1, 2, 3]}, MANY),
        ({"0": [4]}, MANY),
        ({"2": [0]}, MANY),
        ({"0": [-1]}, MANY),
        ({"0": [1]}, GROUPED),
    ],
    ids=["all heads", "no such head", "no such layer", "negative", "uneven groups"],
)
def test_config_that_no_cut_could_have_made_is_refused(stated: dict[str, list[int]], shape: HeadShape) -> None:
    with pytest.raises(UnsupportedError):
        check_removed(stated, shape)


def test_config_that_a_cut_made_is_read() -> None:
    assert check_removed({"1": [2, 0]}, MANY) == {1: (0, 2)}
    assert check_removed({"0": [0, 1]}, GROUPED) == {0: (0, 1)}
    assert check_removed({"0": [1, 2]}, GROUPED) == {0: (1, 2)}


def test_describe_says_nothing_about_a_whole_model() -> None:
    config = copy.deepcopy(make_model("bert").config)
    before = config.to_dict()
    describe(config, Anatomy.of(make_model("bert")))
    assert config.to_dict() == before


def test_describe_lists_heads_as_the_whole_model_counts_them() -> None:
    model = make_model("bert")
    anatomy = cut(model, Anatomy.of(model), [HeadId(1, 2)])
    describe(model.config, anatomy)
    assert model.config.quantization_config == {"quant_method": "sanitizer", "removed_heads": {"1": [2]}}
