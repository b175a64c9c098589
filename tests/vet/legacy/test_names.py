"""The list of names: each is torch's own, and stands for what torch means by it."""

from __future__ import annotations

import importlib

import pytest
import torch

from sanitizer.errors import RefusedError
from sanitizer.vet.header import BYTES
from sanitizer.vet.legacy.names import CANNOT_BE_HELD, KNOWN, Dtype, StorageType, look_up
from sanitizer.vet.legacy.values import DTYPES, STORAGES, UNTYPED


def torch_has(name: str) -> bool:
    module, _, word = name.partition(" ")
    return hasattr(importlib.import_module(module), word)


def test_every_name_is_one_of_torch() -> None:
    newer = {"torch float8_e8m0fnu"}  # torch 2.7 has it; older ones refuse such a file themselves
    assert all(torch_has(name) for name in (KNOWN.keys() | CANNOT_BE_HELD.keys()) - newer)
    assert not KNOWN.keys() & CANNOT_BE_HELD.keys()


@pytest.mark.parametrize("name", DTYPES)
def test_a_dtype_is_as_wide_as_torch_has_it(name: str) -> None:
    known = look_up(f"torch {name}", "f.bin")
    assert isinstance(known, Dtype)
    assert BYTES[known.dtype] == getattr(torch, name).itemsize


@pytest.mark.parametrize("name", STORAGES)
def test_a_storage_is_of_the_dtype_that_torch_says(name: str) -> None:
    known = look_up(f"torch {name}", "f.bin")
    assert isinstance(known, StorageType)
    if known.dtype == UNTYPED:
        assert known == look_up("torch.storage UntypedStorage", "f.bin")
        return
    dtype = torch.storage._get_dtype_from_pickle_storage_type(name)
    assert DTYPES[str(dtype).removeprefix("torch.")] == known.dtype


def test_every_type_of_storage_is_known_or_named_as_one_that_cannot_be_held() -> None:
    theirs = {kind.__name__ for kind in torch._storage_classes if kind.__module__ == "torch"}
    assert {f"torch {name}" for name in theirs} <= KNOWN.keys() | CANNOT_BE_HELD.keys()


def test_what_is_not_listed_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"os\.system") as caught:
        look_up("os system", "f.bin")
    assert caught.value.findings[0].rule == "pickle.global"
    with pytest.raises(RefusedError, match="complex") as caught:
        look_up("torch ComplexFloatStorage", "f.bin")
    assert caught.value.findings[0].rule == "legacy.kind"
