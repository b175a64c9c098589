from __future__ import annotations

import pytest
from helpers.pico import make_model

from sanitizer.applying.edits import Edit, edits_of
from sanitizer.errors import CorruptError, UnsupportedError
from sanitizer.heads import HeadId
from sanitizer.model.anatomy import Anatomy
from sanitizer.model.geometry import Split

GPT2 = make_model("gpt2")
ANATOMY = Anatomy.of(GPT2)
TENSORS = {name: tuple(tensor.shape) for name, tensor in GPT2.state_dict().items()}
ONE = Split((HeadId(1, 3),), (HeadId(1, 0),))


def test_only_the_layers_tensors_of_heads_change_along_their_axis() -> None:
    found = edits_of(ANATOMY, ONE, TENSORS)
    # Conv1D stores [input, output]; 4 heads of 8 numbers each, for query, key and value.
    rows = (range(8), range(32, 40), range(64, 72))
    left = tuple(range(8 * block, 8 * block + 8) for block in (0, 1, 2, 4, 5, 6, 8, 9, 10))
    at = "transformer.h.1.attn"
    assert found == {
        f"{at}.c_attn.weight": Edit(1, rows, left),
        f"{at}.c_attn.bias": Edit(0, rows, left),
        f"{at}.c_proj.weight": Edit(0, (range(8),), (range(8), range(8, 16), range(16, 24))),
    }
    assert found[f"{at}.c_attn.weight"].shape((32, 96)) == (32, 72)
    assert Edit(1, rows, None).shape((32, 96)) == (32, 96)


def test_names_are_found_under_any_prefix_and_under_none() -> None:
    bare = {name.removeprefix("transformer."): tensor for name, tensor in TENSORS.items()}
    assert set(edits_of(ANATOMY, ONE, bare)) == {
        name.removeprefix("transformer.") for name in edits_of(ANATOMY, ONE, TENSORS)
    }


@pytest.mark.parametrize("name", ["transformer.h.0.attn.c_attn.weight", "transformer.h.2.attn.c_proj.weight"])
def test_a_layer_that_is_not_there_is_corrupt_even_if_it_stays(name: str) -> None:
    with pytest.raises(CorruptError, match="there is no tensor"):
        edits_of(ANATOMY, ONE, {other: tensor for other, tensor in TENSORS.items() if other != name})
    with pytest.raises(UnsupportedError, match="could both"):
        edits_of(ANATOMY, ONE, {**TENSORS, f"other.{name.removeprefix('transformer.')}": TENSORS[name]})


@pytest.mark.parametrize("shape", [(32, 95), (96, 32), (32,), (32, 96, 1)])
def test_another_shape_is_corrupt(shape: tuple[int, ...]) -> None:
    name = "transformer.h.0.attn.c_attn.weight"
    with pytest.raises(CorruptError, match="has the shape"):
        edits_of(ANATOMY, ONE, {**TENSORS, name: shape})
