"""Numbers alone, held against live modules of every family."""

from __future__ import annotations

import subprocess
import sys

import pytest
from helpers.pico import CONFIGS, make_model
from hypothesis import given
from hypothesis import strategies as st
from transformers.pytorch_utils import Conv1D

from sanitizer.heads import HeadId
from sanitizer.model.anatomy import Anatomy
from sanitizer.model.geometry import emptied, kept, split, without
from sanitizer.model.surgery import cut

LLAMA = Anatomy.of(make_model("llama"))
BERT = Anatomy.of(make_model("bert"))
SOME_HEADS = st.sets(st.builds(HeadId, st.integers(0, 2), st.integers(0, 3)))
FAMILY = pytest.mark.parametrize("family", sorted(CONFIGS))


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


@FAMILY
def test_widths_and_storage_are_those_of_the_modules(family: str) -> None:
    for layer in Anatomy.of(make_model(family)).layers:
        modules = layer.projections()
        assert layer.widths == tuple(len(layer.as_outputs(module.weight)) for module in modules)
        stored = {isinstance(module, Conv1D) for module in (*modules, layer.output)}
        assert stored == {layer.family.transposed}


@FAMILY
def test_what_is_left_counts_as_the_cut_model_does(family: str) -> None:
    model = make_model(family)
    before = Anatomy.of(model)
    once = split(before, [HeadId(0, 0), HeadId(0, 1), HeadId(2, 1), HeadId(2, 2)]).cut
    then = cut(model, before, once)
    again = split(then, [HeadId(1, 1), HeadId(1, 2), HeadId(2, 0)]).cut
    after = cut(model, then, again)
    left = without(without(before, once), again)
    assert left.shape == after.shape
    for layer, live in zip(left.layers, after.layers, strict=True):
        assert (layer.original, layer.key_heads, layer.widths) == (live.original, live.key_heads, live.widths)


@given(heads=st.sets(st.integers(0, 3), min_size=1, max_size=3))
@pytest.mark.parametrize("anatomy", [BERT, LLAMA], ids=["bert", "llama"])
def test_what_stays_and_what_goes_are_two_halves(anatomy: Anatomy, heads: set[int]) -> None:
    layer = anatomy.layers[0]
    gone, stay = emptied(layer, heads), kept(layer, [head for head in range(4) if head not in heads])
    for width, two in zip(layer.widths, zip(gone.rows, stay.rows, strict=True), strict=True):
        assert sorted(row for rows in two for part in rows for row in part) == list(range(width))
    columns = [column for part in (*gone.columns, *stay.columns) for column in part]
    assert sorted(columns) == list(range(layer.heads * layer.head_dim))


def test_geometry_needs_no_torch() -> None:
    code = "import sys; from sanitizer.model import geometry, removed, stated; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
