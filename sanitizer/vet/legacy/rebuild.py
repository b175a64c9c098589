"""What the names of a state dict's pickle do, said in our own words: each makes a description, checked on the spot.

Source: torch/_utils.py and torch/_tensor.py (`_rebuild_*`), torch/serialization.py (`persistent_id`)
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NoReturn, TypeGuard, TypeVar

from sanitizer.vet.header import BYTES
from sanitizer.vet.legacy import names
from sanitizer.vet.legacy.names import KIND, Dtype, Function, StorageType, TensorClass
from sanitizer.vet.legacy.opcodes import MALFORMED
from sanitizer.vet.legacy.values import UNTYPED, Ordered, Storage, View
from sanitizer.vet.rules import Rule
from sanitizer.vet.safetensors import MOST_DIMENSIONS

VIEW = Rule(
    "legacy.view",
    "high",
    "a tensor that does not fit into the bytes it claims",
    "do not use it; ask the author for safetensors",
    why="A loader that trusts the shape reads memory that is not the tensor's.",
    sources=("https://cwe.mitre.org/data/definitions/125.html",),
)

_KEY = re.compile(r"[0-9]{1,20}")
_DEVICE = re.compile(r"[a-z0-9_]{1,20}(?::[0-9]{1,4})?")
_LARGEST = 1 << 63
_Kind = TypeVar("_Kind")


def storage(identity: object, file: str) -> Storage:
    """The storage that a persistent id ("storage", type, key, device, number of elements) speaks of."""
    if type(identity) is not tuple or len(identity) != 5:
        raise MALFORMED.refuse(file, "a persistent id that is no storage")
    word, kind, key, device, count = identity
    if not (_is(word, str) and word == "storage" and isinstance(kind, StorageType)):
        raise MALFORMED.refuse(file, "a persistent id that is no storage")
    if not (_is(key, str) and _KEY.fullmatch(key) and _is(device, str) and _DEVICE.fullmatch(device)):
        raise MALFORMED.refuse(file, "a storage with a strange key or device")
    if device.partition(":")[0] == "meta":
        raise KIND.refuse(file, "on the meta device, without bytes")
    if not _count(count):
        raise VIEW.refuse(file, f"storage {key} has no valid size")
    return Storage(key, kind.dtype, count * _width(kind.dtype))


def call(function: object, arguments: object, file: str) -> object:
    """What REDUCE gives. Raises RefusedError for whatever is not in the table, and for arguments that do not fit."""
    if not isinstance(function, Function) or type(arguments) is not tuple:
        raise MALFORMED.refuse(file, "a call of something that is no function")
    return _TABLE[function.name](arguments, file)


def _ordered(arguments: tuple[object, ...], file: str) -> Ordered:
    if arguments:
        _no_fit(names.ORDERED_DICT, file)
    return Ordered()


def _size(arguments: tuple[object, ...], file: str) -> tuple[object, ...]:
    lengths = arguments[0] if len(arguments) == 1 else None
    if not _counts(lengths):
        _no_fit(names.SIZE, file)
    return lengths


def _tensor(arguments: tuple[object, ...], file: str) -> View:
    """storage, offset, size, stride, requires_grad, hooks, and metadata that turns values into others when read."""
    if len(arguments) not in (6, 7):
        _no_fit(names.TENSOR, file)
    found = arguments[0]
    return _view(arguments, found.dtype if isinstance(found, Storage) else "", arguments[6:], file)


def _tensor_of_dtype(arguments: tuple[object, ...], file: str) -> View:
    """The same with a dtype before the metadata: for those that came after torch's types of storage."""
    dtype = arguments[6] if len(arguments) in (7, 8) else None
    if not isinstance(dtype, Dtype):
        _no_fit(names.TENSOR_OF_DTYPE, file)
    return _view(arguments, dtype.dtype, arguments[7:], file)


def _parameter(arguments: tuple[object, ...], file: str) -> View:
    view = arguments[0] if len(arguments) == 3 and _tail(arguments[1:]) else None
    if not isinstance(view, View):
        _no_fit(names.PARAMETER, file)
    return view


def _parameter_with_state(arguments: tuple[object, ...], file: str) -> View:
    if len(arguments) != 4:
        _no_fit(names.PARAMETER_WITH_STATE, file)
    return _parameter(arguments[:3], file)


def _tensor_with_state(arguments: tuple[object, ...], file: str) -> View:
    """A tensor with attributes of its own, which are left out: function, class, arguments, attributes."""
    if len(arguments) != 4 or not isinstance(arguments[1], TensorClass):
        _no_fit(names.TENSOR_WITH_STATE, file)
    function = arguments[0]
    if not isinstance(function, Function) or function.name not in (names.TENSOR, names.TENSOR_OF_DTYPE):
        _no_fit(names.TENSOR_WITH_STATE, file)
    made = call(function, arguments[2], file)
    assert isinstance(made, View)  # both functions make nothing else
    return made


_TABLE: Mapping[str, Callable[[tuple[object, ...], str], object]] = MappingProxyType(
    {
        names.ORDERED_DICT: _ordered,
        names.SIZE: _size,
        names.TENSOR: _tensor,
        names.TENSOR_OF_DTYPE: _tensor_of_dtype,
        names.PARAMETER: _parameter,
        names.PARAMETER_WITH_STATE: _parameter_with_state,
        names.TENSOR_WITH_STATE: _tensor_with_state,
    }
)


def _view(arguments: tuple[object, ...], dtype: str, metadata: tuple[object, ...], file: str) -> View:
    found, start, shape, strides = arguments[:4]
    if not isinstance(found, Storage) or not _tail(arguments[4:6]):
        _no_fit(names.TENSOR, file)
    if any(word is not None and word != {} for word in metadata):
        raise KIND.refuse(file, "negated or conjugated when it is read")
    if not (_count(start) and _counts(shape) and _counts(strides) and len(shape) == len(strides)):
        raise VIEW.refuse(file, f"a view into storage {found.key} with an offset, shape or strides that cannot be")
    dtype = "U8" if dtype == UNTYPED else dtype
    view = View(found, dtype, start, shape, strides)
    last = start + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
    if math.prod(max(1, length) for length in shape) * BYTES[dtype] >= _LARGEST:
        raise VIEW.refuse(file, f"a view into storage {found.key} that no memory holds")
    if 0 not in shape and (last + 1) * BYTES[dtype] > found.size:
        raise VIEW.refuse(file, f"a view into storage {found.key} leads out of its {found.size} bytes")
    return view


def _tail(arguments: tuple[object, ...]) -> bool:
    """requires_grad, and the hooks that torch has not saved for years."""
    requires_grad, hooks = arguments
    return _is(requires_grad, bool) and isinstance(hooks, Ordered) and not hooks


def _width(dtype: str) -> int:
    return 1 if dtype == UNTYPED else BYTES[dtype]


def _is(value: object, kind: type[_Kind]) -> TypeGuard[_Kind]:
    return type(value) is kind


def _count(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < _LARGEST


def _counts(value: object) -> TypeGuard[tuple[int, ...]]:
    return type(value) is tuple and len(value) <= MOST_DIMENSIONS and all(_count(number) for number in value)


def _no_fit(name: str, file: str) -> NoReturn:
    raise MALFORMED.refuse(file, f"{name.replace(' ', '.')} with arguments that do not fit")
