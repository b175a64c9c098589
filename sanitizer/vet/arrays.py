"""Stored tensors as arrays, a block of rows at a time, in memory that does not depend on their size. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sanitizer.errors import CorruptError, UnsupportedError
from sanitizer.vet.header import BYTES, Header
from sanitizer.vet.rules import shown

BLOCK = 1 << 22
"""Bytes read at a time; a single row may be longer."""

_NUMBERS = {
    **{f"{kind}{8 * size}": f"<{kind.lower()}{size}" for kind in "IU" for size in (1, 2, 4, 8)},
    **{f"F{8 * size}": f"<f{size}" for size in (2, 4, 8)},
    "BOOL": "u1",
}


def blocks(path: Path, header: Header, name: str) -> Iterator[np.ndarray]:
    """The bits of one tensor as unsigned integers [row, column], whole rows at a time, in their order.

    A row is an index of the first dimension; a scalar is one row of one column. Raises CorruptError if the file ends.
    """
    tensor = header.tensors[name]
    width = BYTES[tensor.dtype]
    rows = tensor.shape[0] if tensor.shape else 1
    length = tensor.end - tensor.start
    if not length:
        return
    row = length // rows
    with path.open("rb") as stream:
        stream.seek(header.begin + tensor.start)
        for start in range(0, rows, max(1, BLOCK // row)):
            wanted = min(max(1, BLOCK // row), rows - start) * row
            data = stream.read(wanted)
            if len(data) < wanted:
                raise CorruptError(f"{shown(path.name)} ends before its tensors do", hint="get the file again")
            yield np.frombuffer(data, dtype=f"<u{width}").reshape(-1, row // width)


def numbers(bits: np.ndarray, dtype: str) -> np.ndarray:
    """The same array as float64 numbers. Raises UnsupportedError for a format of which numpy has no numbers."""
    if dtype == "BF16":
        return (bits.astype("<u4") << 16).view("<f4").astype(np.float64)
    if dtype not in _NUMBERS:
        raise UnsupportedError(f"numbers of the format {dtype} cannot be read here")
    return bits.view(_NUMBERS[dtype]).astype(np.float64)


def whole(path: Path, header: Header, name: str) -> np.ndarray:
    """All of a tensor as float64 [row, column]: for one matrix at a time. Raises as `blocks` and `numbers`."""
    dtype = header.tensors[name].dtype
    return np.concatenate([numbers(bits, dtype) for bits in blocks(path, header, name)] or [np.empty((0, 0))])
