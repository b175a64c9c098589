from __future__ import annotations

import pytest
from helpers.pico import make_model

from sanitizer.errors import UnsupportedError
from sanitizer.model.families import HeadShape
from sanitizer.model.removed import check_removed, removed_heads

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
