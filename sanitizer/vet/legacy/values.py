"""What a state dict's pickle may describe: storages, and tensors that look into them. No bytes are touched here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

UNTYPED = "untyped"

STORAGES: Mapping[str, str] = MappingProxyType(
    {
        "DoubleStorage": "F64",
        "FloatStorage": "F32",
        "HalfStorage": "F16",
        "BFloat16Storage": "BF16",
        "LongStorage": "I64",
        "IntStorage": "I32",
        "ShortStorage": "I16",
        "CharStorage": "I8",
        "ByteStorage": "U8",
        "BoolStorage": "BOOL",
        "UntypedStorage": UNTYPED,
    }
)
"""torch's names of storages, and the dtype of safetensors for their elements."""

DTYPES: Mapping[str, str] = MappingProxyType(
    {
        "float64": "F64",
        "float32": "F32",
        "float16": "F16",
        "bfloat16": "BF16",
        "int64": "I64",
        "int32": "I32",
        "int16": "I16",
        "int8": "I8",
        "uint64": "U64",
        "uint32": "U32",
        "uint16": "U16",
        "uint8": "U8",
        "bool": "BOOL",
        "float8_e4m3fn": "F8_E4M3",
        "float8_e4m3fnuz": "F8_E4M3FNUZ",
        "float8_e5m2": "F8_E5M2",
        "float8_e5m2fnuz": "F8_E5M2FNUZ",
        "float8_e8m0fnu": "F8_E8M0",
    }
)
"""torch's names of dtypes, and those of safetensors."""


class Ordered(dict[str, object]):
    """An OrderedDict of the pickle, apart from its plain dicts because only it may carry attributes."""


@dataclass(frozen=True)
class Storage:
    """`size` bytes in the archive under `data/{key}`; `dtype` is that of its elements, or `UNTYPED`."""

    key: str
    dtype: str
    size: int


@dataclass(frozen=True)
class View:
    """A tensor: elements of `dtype` in `storage`, from element `start` on, by `shape` and `strides` (in elements)."""

    storage: Storage
    dtype: str
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def views_within(value: object) -> Iterator[View | Storage]:
    """Every tensor and storage inside plain data, each container looked into once, however often it is referred to."""
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, View | Storage):
            yield item
        elif isinstance(item, dict | list | tuple) and id(item) not in seen:
            seen.add(id(item))
            waiting.extend(item.values() if isinstance(item, dict) else item)
