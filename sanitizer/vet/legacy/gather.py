"""A tensor's elements in order, whatever its strides: read in one piece if they lie so, gathered in blocks if not."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import BinaryIO, Literal

from sanitizer.checkpoint import CHUNK
from sanitizer.vet.header import BYTES
from sanitizer.vet.legacy.values import View

BLOCK = 1 << 18
"""Elements that are gathered at a time: at most 2 MiB."""

_Format = Literal["B", "H", "I", "Q"]
_FORMATS: dict[int, _Format] = {1: "B", 2: "H", 4: "I", 8: "Q"}
_Layout = tuple[tuple[int, ...], tuple[int, ...]]


def chunks(stream: BinaryIO, begin: int, view: View) -> Iterator[bytes | memoryview]:
    """The tensor's bytes in row-major order. Its storage begins at byte `begin` of `stream`, which is a file."""
    width = BYTES[view.dtype]
    shape, strides = collapsed(view.shape, view.strides)
    first = begin + view.start * width
    if 0 in shape:
        return
    if strides in ((), (1,)):
        stream.seek(first)
        left = math.prod(shape) * width
        while left:
            block = stream.read(min(CHUNK, left))
            if not block:
                raise EOFError
            left -= len(block)
            yield block
        return
    length = (1 + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))) * width
    skipped = first % mmap.ALLOCATIONGRANULARITY
    with (
        mmap.mmap(stream.fileno(), skipped + length, access=mmap.ACCESS_READ, offset=first - skipped) as mapped,
        memoryview(mapped) as whole,
        whole[skipped:] as used,
        used.cast(_FORMATS[width]) as elements,
    ):
        for start, block_shape in _blocks(shape, strides):
            yield _gathered(elements, _FORMATS[width], start, block_shape, strides[-len(block_shape) :])


def collapsed(shape: tuple[int, ...], strides: tuple[int, ...]) -> _Layout:
    """The same elements in the same order with as few dimensions as can be: () or one of stride 1 is contiguous."""
    dense: list[tuple[int, int]] = []
    for length, stride in zip(shape, strides, strict=True):
        if length == 1:
            continue
        if dense and dense[-1][1] == length * stride:
            dense[-1] = (dense[-1][0] * length, stride)
        else:
            dense.append((length, stride))
    return tuple(length for length, _ in dense), tuple(stride for _, stride in dense)


def in_place(view: View) -> View:
    """The same elements, each once, in the order in which they lie: for whom order makes no difference.

    A transposed matrix becomes a contiguous one, and a repeated one a single one.
    """
    dense = sorted(zip(view.strides, view.shape, strict=True), reverse=True)
    shape = tuple(length if stride else min(length, 1) for stride, length in dense)
    return replace(view, shape=shape, strides=tuple(stride for stride, _ in dense))


def runs(view: View) -> int:
    """How many copies the tensor is gathered by: what it costs."""
    shape, strides = collapsed(view.shape, view.strides)
    if 0 in shape or strides in ((), (1,)):
        return 0
    _, block = next(_blocks(shape, strides))
    return math.prod(shape) // max(block)


def _blocks(shape: tuple[int, ...], strides: tuple[int, ...], start: int = 0) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Where each block begins (in elements), and its shape: the last dimensions, the first of them perhaps cut."""
    within = math.prod(shape[1:])
    if within > BLOCK:
        for index in range(shape[0]):
            yield from _blocks(shape[1:], strides[1:], start + index * strides[0])
        return
    rows = BLOCK // within
    for index in range(0, shape[0], rows):
        yield start + index * strides[0], (min(rows, shape[0] - index), *shape[1:])


def _gathered(
    elements: memoryview[int], form: _Format, start: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> memoryview[int]:
    """One block in row-major order; the longest dimension is copied at once, the others are walked through."""
    target = memoryview(bytearray(math.prod(shape) * elements.itemsize)).cast(form)
    steps = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    along = max(range(len(shape)), key=shape.__getitem__)
    length, stride, step = shape[along], strides[along], steps[along]
    others = [axis for axis in range(len(shape)) if axis != along]
    for place in product(*(range(shape[axis]) for axis in others)):
        source = start + sum(index * strides[axis] for index, axis in zip(place, others, strict=True))
        goal = sum(index * steps[axis] for index, axis in zip(place, others, strict=True))
        if stride:
            run = elements[source : source + (length - 1) * stride + 1 : stride]
        else:
            run = memoryview(bytes(elements[source : source + 1]) * length).cast(form)
        target[goal : goal + (length - 1) * step + 1 : step] = run
    return target.cast("B")
