"""The header of a safetensors file as data, and as the library writes it.

The format: eight bytes little-endian N, N bytes of JSON, then the tensors' bytes.
Source: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

BYTES: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 1),
        **dict.fromkeys(("I16", "U16", "F16", "BF16"), 2),
        **dict.fromkeys(("I32", "U32", "F32"), 4),
        **dict.fromkeys(("I64", "U64", "F64", "C64"), 8),
    }
)
"""Bytes per element. The formats of less than a byte are left out: nothing here can compute with them."""
_WIDEST_FIRST = (
    *("U64", "I64", "F64", "C64", "F32", "U32", "I32", "BF16", "F16", "U16", "I16"),
    *("F8_E5M2FNUZ", "F8_E4M3FNUZ", "F8_E8M0", "F8_E4M3", "F8_E5M2", "I8", "U8", "BOOL"),
)
"""The order in which the library (0.8) writes tensors, so that all are aligned."""
FORMATS = frozenset({"pt", "tf", "flax", "mlx", "np"})


@dataclass(frozen=True)
class TensorInfo:
    """One tensor: its bytes are `start` (included) to `end` (excluded), counted from the end of the header."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Header:
    """Tensors in the order of their bytes, the free-form metadata, and the byte of the file where data begins."""

    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str]
    begin: int


class Described(Protocol):
    """A tensor's dtype and shape, wherever its bytes are."""

    @property
    def dtype(self) -> str:
        """In the words of safetensors."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its dimensions."""


def nbytes(dtype: str, shape: Sequence[int]) -> int:
    """The bytes of a tensor."""
    return math.prod(shape) * BYTES[dtype]


def described(header: Header) -> bytes:
    """The bytes of a file before its tensors: no metadata but the format."""
    form = {key: value for key, value in header.metadata.items() if key == "format" and value in FORMATS}
    document: dict[str, Any] = {"__metadata__": form} if form else {}
    for name, tensor in header.tensors.items():
        offsets = [tensor.start, tensor.end]
        document[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": offsets}
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    text += b" " * (-len(text) % 8)  # the library aligns the data so
    return struct.pack("<Q", len(text)) + text


def layout(tensors: Mapping[str, Described]) -> Header:
    """Where each tensor lies in a file that the library writes: the widest dtypes first, then by name.

    The order of `tensors` makes no difference.
    """
    placed: dict[str, TensorInfo] = {}
    reached = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (_WIDEST_FIRST.index(item[1].dtype), item[0])):
        end = reached + nbytes(tensor.dtype, tensor.shape)
        placed[name] = TensorInfo(tensor.dtype, tensor.shape, reached, end)
        reached = end
    return Header(MappingProxyType(placed), MappingProxyType({"format": "pt"}), begin=0)
