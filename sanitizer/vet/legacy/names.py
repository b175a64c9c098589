"""Which names of Python a state dict's pickle may say. None of them is imported: each stands for something of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sanitizer.vet.legacy.values import DTYPES, STORAGES
from sanitizer.vet.rules import Rule

GLOBAL = Rule(
    "pickle.global",
    "high",
    "the pickle names something that no tensor needs, and a loader would import or call it",
    "do not load this file with anything; ask the author for safetensors",
    why="What a pickle names is imported, and mostly called, with arguments of the author's choice.",
    sources=(
        "https://docs.python.org/3/library/pickle.html",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-32434",
        "https://nvd.nist.gov/vuln/detail/CVE-2026-24747",
    ),
)
KIND = Rule(
    "legacy.kind",
    "high",
    "a kind of tensor that safetensors cannot hold, or that has no bytes of its own",
    "save it anew from where it came, as plain dense tensors",
    why="Rebuilding it as something else would give another model; a tensor without bytes is filled by the loader.",
    sources=("https://github.com/huggingface/safetensors#format",),
)


@dataclass(frozen=True)
class Function:
    """Something that `rebuild` knows how to do, by the name torch has for it."""

    name: str


@dataclass(frozen=True)
class StorageType:
    """The type of a storage's elements, or `UNTYPED`."""

    dtype: str


@dataclass(frozen=True)
class Dtype:
    """The type of a tensor's elements."""

    dtype: str


@dataclass(frozen=True)
class TensorClass:
    """torch.Tensor or Parameter, said of a tensor but never called."""


Named = Function | StorageType | Dtype | TensorClass

ORDERED_DICT = "collections OrderedDict"
SIZE = "torch Size"
TENSOR, TENSOR_OF_DTYPE = "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor_v3"
PARAMETER = "torch._utils _rebuild_parameter"
PARAMETER_WITH_STATE = "torch._utils _rebuild_parameter_with_state"
TENSOR_WITH_STATE = "torch._tensor _rebuild_from_type_v2"
_FUNCTIONS = (ORDERED_DICT, SIZE, TENSOR, TENSOR_OF_DTYPE, PARAMETER, PARAMETER_WITH_STATE, TENSOR_WITH_STATE)

KNOWN: Mapping[str, Named] = MappingProxyType(
    {
        **{name: Function(name) for name in _FUNCTIONS},
        **dict.fromkeys(("torch Tensor", "torch._tensor Tensor", "torch.nn.parameter Parameter"), TensorClass()),
        **{f"torch {name}": StorageType(dtype) for name, dtype in STORAGES.items()},
        "torch.storage UntypedStorage": StorageType(STORAGES["UntypedStorage"]),
        **{f"torch {name}": Dtype(dtype) for name, dtype in DTYPES.items()},
    }
)
"""Module and name, as the GLOBAL instruction has them -> what it stands for here."""

CANNOT_BE_HELD: Mapping[str, str] = MappingProxyType(
    {
        "torch._utils _rebuild_qtensor": "quantized",
        "torch._utils _rebuild_sparse_tensor": "sparse",
        "torch._utils _rebuild_nested_tensor": "nested",
        "torch._utils _rebuild_meta_tensor_no_storage": "on the meta device, without bytes",
        **dict.fromkeys(("torch ComplexFloatStorage", "torch ComplexDoubleStorage"), "complex"),
        **dict.fromkeys(
            (f"torch {name}Storage" for name in ("QInt8", "QUInt8", "QInt32", "QUInt4x2", "QUInt2x4")), "quantized"
        ),
    }
)
"""What torch itself saves and safetensors cannot hold."""


def look_up(name: str, file: str) -> Named:
    """What a name stands for. Raises RefusedError for every name that is not on the list."""
    known = KNOWN.get(name)
    if known is None:
        if name in CANNOT_BE_HELD:
            raise KIND.refuse(file, CANNOT_BE_HELD[name])
        raise GLOBAL.refuse(file, name.replace(" ", "."))
    return known
