"""Descriptions of tensors: those that torch would make, and none that leads out of its bytes."""

from __future__ import annotations

import itertools

import pytest
import torch
from helpers.bins import (
    FALSE,
    NONE,
    ORDERED_DICT,
    REDUCE,
    TRUE,
    dict_of,
    named,
    number,
    numbers,
    pickled,
    storage,
    tensor,
    text,
    tuple_of,
)
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.errors import RefusedError
from sanitizer.vet.legacy.machine import run
from sanitizer.vet.legacy.values import Storage, View

PLAIN = FALSE + ORDERED_DICT
FLAT = View(Storage("0", "F32", 8), "F32", 0, (2,), (1,))
OF_DTYPE = "_rebuild_tensor_v3"


def value(piece: bytes) -> object:
    return run(pickled(piece), "f.bin")


def refused(piece: bytes) -> str:
    with pytest.raises(RefusedError) as caught:
        value(piece)
    return caught.value.findings[0].rule


def parameter(of: bytes, tail: bytes = TRUE + ORDERED_DICT) -> bytes:
    return named("torch._utils", "_rebuild_parameter") + tuple_of(of, tail) + REDUCE


def with_state(function: str, kind: bytes, arguments: bytes) -> bytes:
    made = tuple_of(named("torch._utils", function), kind, arguments, dict_of(note=text("x")))
    return named("torch._tensor", "_rebuild_from_type_v2") + made + REDUCE


ARGUMENTS = tuple_of(storage(), number(0), numbers((2,)), numbers((1,)), PLAIN)
WITH_DTYPE = tuple_of(
    storage("UntypedStorage", "0", 8), number(0), numbers((2,)), numbers((1,)), PLAIN, named("torch", "float32")
)


def test_the_ways_to_say_a_tensor() -> None:
    for piece in (
        tensor(),
        tensor(tail=TRUE + ORDERED_DICT),
        tensor(tail=PLAIN + NONE),
        tensor(tail=PLAIN + b"}"),
        parameter(tensor()),
        parameter(tensor(), FALSE + ORDERED_DICT),
        named("torch._utils", "_rebuild_parameter_with_state")
        + tuple_of(tensor(), TRUE, ORDERED_DICT, dict_of(tp=TRUE))
        + REDUCE,
        with_state("_rebuild_tensor_v2", named("torch", "Tensor"), ARGUMENTS),
        with_state("_rebuild_tensor_v2", named("torch.nn.parameter", "Parameter"), ARGUMENTS),
    ):
        assert value(piece) == FLAT
    untyped = View(Storage("0", "untyped", 8), "F32", 0, (2,), (1,))
    for piece in (
        tensor(storage("UntypedStorage", "0", 8), tail=PLAIN + named("torch", "float32"), function=OF_DTYPE),
        tensor(storage("UntypedStorage", "0", 8), tail=PLAIN + named("torch", "float32") + NONE, function=OF_DTYPE),
        with_state(OF_DTYPE, named("torch", "Tensor"), WITH_DTYPE),
    ):
        assert value(piece) == untyped
    assert value(tensor(storage("UntypedStorage", "0", 8))) == View(Storage("0", "untyped", 8), "U8", 0, (2,), (1,))
    size = named("torch", "Size") + numbers((2, 3)) + b"\x85" + REDUCE
    assert value(size) == (2, 3)


@pytest.mark.parametrize(
    "piece",
    [
        tensor(tail=b""),
        tensor(tail=FALSE),
        tensor(tail=FALSE + NONE),
        tensor(tail=FALSE + b"}"),
        tensor(tail=FALSE + dict_of(hook=NONE)),
        tensor(tail=number(0) + ORDERED_DICT),
        tensor(tail=PLAIN + NONE + NONE),
        tensor(text("0")),
        tensor(tensor()),
        tensor(tail=PLAIN, function=OF_DTYPE),
        tensor(tail=PLAIN + NONE, function=OF_DTYPE),
        tensor(tail=PLAIN + text("float32"), function=OF_DTYPE),
        tensor(tail=PLAIN + named("torch", "float32") + NONE + NONE, function=OF_DTYPE),
        parameter(NONE),
        parameter(storage()),
        parameter(tensor(), TRUE),
        parameter(tensor(), TRUE + ORDERED_DICT + NONE),
        named("torch._utils", "_rebuild_parameter_with_state") + tuple_of(tensor(), TRUE, ORDERED_DICT) + REDUCE,
        with_state("_rebuild_parameter", named("torch", "Tensor"), tuple_of(tensor(), TRUE, ORDERED_DICT)),
        with_state("_rebuild_tensor_v2", text("Tensor"), ARGUMENTS),
        with_state("_rebuild_tensor_v2", named("torch", "Tensor"), NONE),
        with_state("_rebuild_tensor_v2", named("collections", "OrderedDict"), ARGUMENTS),
        named("torch", "Size") + numbers((2,) * 33) + b"\x85" + REDUCE,
    ],
)
def test_arguments_that_do_not_fit(piece: bytes) -> None:
    assert refused(piece) == "pickle.malformed"


@pytest.mark.parametrize("word", ["neg", "conj"])
def test_values_that_change_when_they_are_read(word: str) -> None:
    """torch writes the bytes as they are and a bit that negates them: read without it they are another model."""
    assert refused(tensor(tail=PLAIN + dict_of(**{word: TRUE}))) == "legacy.kind"


@pytest.mark.parametrize("device", ["meta", "meta:0"])
def test_the_meta_device_has_no_bytes(device: str) -> None:
    assert refused(tensor(storage(device=device))) == "legacy.kind"


@pytest.mark.parametrize("device", ["cpu", "cuda:0", "mps", "xla:0", "hpu", "npu:12"])
def test_where_it_lay_before_makes_no_difference(device: str) -> None:
    assert value(tensor(storage(device=device))) == FLAT


HUGE = (1 << 63) - 1
BAD_VIEWS = {
    "beyond the end": tensor(shape=(3,)),
    "start beyond": tensor(start=1),
    "start at the end": tensor(start=2, shape=(), strides=()),
    "negative start": tensor(start=-1),
    "negative stride": tensor(start=1, strides=(-1,)),
    "negative length": tensor(shape=(-2,)),
    "two negatives": tensor(shape=(-1, -2), strides=(1, 1)),
    "stride too wide": tensor(strides=(2,)),
    "fewer strides": tensor(shape=(2, 1)),
    "more strides": tensor(strides=(1, 1)),
    "sum overflows": tensor(start=HUGE),
    "product overflows": tensor(shape=(1 << 32, 1 << 32), strides=(0, 0)),
    "product overflows with zero": tensor(shape=(1 << 40, 1 << 40, 0), strides=(0, 0, 0)),
    "stride overflows": tensor(shape=(3, 1), strides=(HUGE, HUGE)),
    "number too large": tensor(shape=(1 << 63,)),
    "start too large": tensor(start=1 << 63),
    "many dimensions": tensor(shape=(1,) * 33, strides=(1,) * 33),
    "bool for a number": named("torch._utils", "_rebuild_tensor_v2")
    + tuple_of(storage(), TRUE, numbers((2,)), numbers((1,)), PLAIN)
    + REDUCE,
    "list for a shape": named("torch._utils", "_rebuild_tensor_v2")
    + tuple_of(storage(), number(0), b"]", numbers(()), PLAIN)
    + REDUCE,
    "negative storage": tensor(storage(count=-1)),
    "storage too large": tensor(storage(count=1 << 63)),
    "bool storage": tuple_of(text("storage"), named("torch", "FloatStorage"), text("0"), text("cpu"), TRUE) + b"Q",
    "wider than its storage": tensor(
        storage("UntypedStorage", "0", 7), tail=PLAIN + named("torch", "float32"), function=OF_DTYPE
    ),
}


@pytest.mark.parametrize("name", BAD_VIEWS)
def test_views_that_cannot_be(name: str) -> None:
    assert refused(BAD_VIEWS[name]) == "legacy.view"


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 5), (0, 0)])
@pytest.mark.parametrize("start", [0, 2, 9])
def test_empty_tensors_need_no_bytes(shape: tuple[int, ...], start: int) -> None:
    """A slice past the end, such as t[2:, 3:], has an offset beyond its storage in torch too."""
    view = value(tensor(start=start, shape=shape, strides=(1,) * len(shape)))
    assert isinstance(view, View)
    assert view.shape == shape


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=3), st.integers(0, 12))
def test_views_are_those_that_torch_allows(dimensions: list[tuple[int, int]], start: int) -> None:
    """torch checks the same bounds; whatever it makes of twelve numbers, every element of it is one of the twelve."""
    shape, strides = [n for n, _ in dimensions], [stride for _, stride in dimensions]
    base = torch.arange(12.0)
    try:
        base.as_strided(shape, strides, start)
        allowed = True
    except RuntimeError:
        allowed = False
    reached = [
        start + sum(p * s for p, s in zip(at, strides, strict=True)) for at in itertools.product(*map(range, shape))
    ]
    assert allowed == all(0 <= element < 12 for element in reached)
    piece = tensor(storage(count=12), start, shape, strides)
    if allowed:
        assert value(piece) == View(Storage("0", "F32", 48), "F32", start, tuple(shape), tuple(strides))
    else:
        assert refused(piece) == "legacy.view"
