"""The rebuilt file holds, bit by bit, what torch itself loads: every layout that people save in."""

from __future__ import annotations

import shutil
import struct
import tracemalloc
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from helpers.bins import bin_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from sanitizer.errors import ResourceError
from sanitizer.vet.legacy.archive import check_sums
from sanitizer.vet.legacy.reader import Legacy, read_legacy
from sanitizer.vet.legacy.write import write_safetensors
from sanitizer.vet.safetensors import read_header

Make = Callable[[], Any]


def normal(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(len(shape))).to(dtype)


def with_metadata() -> Any:
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.LayerNorm(4)).state_dict()


def tied() -> dict[str, torch.Tensor]:
    weight = normal(5, 3)
    return {"embed.weight": weight, "head.weight": weight, "head.turned": weight.t(), "row": weight[1]}


def attributed() -> dict[str, torch.Tensor]:
    tensor, parameter = normal(3), torch.nn.Parameter(normal(3))
    tensor.note = parameter.tensor_parallel = "x"  # type: ignore[attr-defined]
    return {"a": tensor, "b": parameter}


def halves() -> dict[str, torch.Tensor]:
    whole = normal(6, 4)
    return {"q": whole[:2], "k": whole[2:4], "v": whole[4:], "columns": whole[:, 1:3], "last": whole[-1, -1]}


def special() -> dict[str, torch.Tensor]:
    odd = torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0, 1e-45])
    return {"a": odd, "b": odd.half(), "nan": torch.tensor([0x7F800001, -1], dtype=torch.int32).view(torch.float32)}


FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.uint16, torch.uint32, torch.uint64)
EIGHT_BITS = (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz)
LAYOUTS: dict[str, Make] = {
    "dict": lambda: {"a": normal(2, 3), "b": normal(4)},
    "OrderedDict": lambda: OrderedDict(a=normal(2, 3), b=normal(4)),
    "state dict with _metadata": with_metadata,
    "floats": lambda: {str(dtype): normal(3, 5, dtype=dtype) for dtype in FLOATS},
    "integers": lambda: {str(dtype): torch.arange(7).to(dtype) for dtype in INTEGERS},
    "fp8": lambda: {str(dtype): normal(9, dtype=dtype) for dtype in EIGHT_BITS},
    "bool": lambda: {"mask": torch.tensor([True, False, True])},
    "tied": tied,
    "one storage": halves,
    "parameters": lambda: {"a": torch.nn.Parameter(normal(3)), "b": torch.nn.Parameter(normal(2), requires_grad=False)},
    "attributes": attributed,
    "buffers": lambda: {"a": torch.nn.Buffer(normal(3)), "b": torch.nn.Buffer(normal(3), persistent=False)},
    "requires grad": lambda: {"a": normal(3).requires_grad_()},
    "no dimensions": lambda: {"a": torch.tensor(3.0), "b": torch.tensor(7), "c": torch.tensor(True)},
    "empty": lambda: {"a": torch.empty(0), "b": torch.empty(3, 0, 2), "c": normal(4, 4)[2:, 4:], "d": normal(2)},
    "transposed": lambda: {"a": normal(300, 40).t(), "b": normal(2, 3, 4, 5).permute(3, 1, 0, 2)},
    "channels last": lambda: {"conv.weight": normal(8, 3, 5, 5).to(memory_format=torch.channels_last)},
    "slices": lambda: {"a": normal(100)[10:40], "b": normal(100)[3::7], "c": normal(10, 10)[2:8:2, 1::3]},
    "expanded": lambda: {"a": normal(4, 1).expand(4, 6), "b": torch.arange(5).expand(1, -1), "c": normal(1).expand(3)},
    "overlapping": lambda: {"a": normal(10).unfold(0, 4, 2)},
    "special numbers": special,
    "adapter": lambda: {
        f"base_model.model.layers.{i}.q_proj.lora_{ab}.weight": normal(2, 3) for i in range(2) for ab in "AB"
    },
    "plain entries": lambda: {"a": normal(2), "size": torch.Size([2]), "none": None, "n": 3, "config": {"x": [1.5]}},
    "odd names": lambda: {"größe.weight": normal(2), "a b": normal(2), "a/b": normal(2), "x" * 900: normal(2)},
    "many": lambda: {f"layer.{i}.weight": normal(2) for i in range(1500)},
    "module": lambda: dict(torch.nn.TransformerEncoderLayer(8, 2, 16).named_parameters()),
}  # fmt: skip


class Rebuilt(NamedTuple):
    tensors: dict[str, torch.Tensor]
    file: Path
    legacy: Legacy


def rebuilt(source: Path, *without: str) -> Rebuilt:
    target = source.with_name("model.safetensors")
    target.unlink(missing_ok=True)
    with source.open("rb") as stream:
        legacy = read_legacy(stream, source.stat().st_size, source.name)
        check_sums(stream, legacy.members, source.name)
        write_safetensors(stream, legacy, target, without=without)
    return Rebuilt(load_file(target), target, legacy)


def bits(tensor: torch.Tensor) -> tuple[torch.dtype, tuple[int, ...], bytes]:
    flat = torch.empty(tensor.numel(), dtype=tensor.dtype)
    flat.copy_(tensor.detach().reshape(-1))
    return tensor.dtype, tuple(tensor.shape), flat.view(torch.uint8).numpy().tobytes()


def same(ours: dict[str, torch.Tensor], theirs: dict[str, Any]) -> None:
    expected = {name: value for name, value in theirs.items() if isinstance(value, torch.Tensor)}
    assert ours.keys() == expected.keys()
    for name, tensor in expected.items():
        assert bits(ours[name]) == bits(tensor), name


@pytest.mark.parametrize("name", LAYOUTS)
def test_bit_identical_with_torch(name: str, tmp_path: Path) -> None:
    source = tmp_path / "pytorch_model.bin"
    torch.save(LAYOUTS[name](), source)
    same(rebuilt(source).tensors, torch.load(source, weights_only=True))


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("name", ["state dict with _metadata", "fp8", "tied", "attributes", "many", "plain entries"])
def test_every_protocol_of_pickle(name: str, protocol: int, tmp_path: Path) -> None:
    """weights_only reads protocol 2 alone; these files are our own."""
    source = tmp_path / "pytorch_model.bin"
    torch.save(LAYOUTS[name](), source, pickle_protocol=protocol)
    same(rebuilt(source).tensors, torch.load(source, weights_only=False))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.data())
def test_any_views_into_any_storages(tmp_path: Path, data: st.DataObject) -> None:
    state: dict[str, torch.Tensor] = {}
    bases = [normal(64), normal(64).half(), torch.arange(64), torch.arange(64) % 2 == 0]
    for index in range(data.draw(st.integers(1, 6))):
        base = data.draw(st.sampled_from(bases))
        shape = data.draw(st.lists(st.integers(0, 3), max_size=3))
        strides = [data.draw(st.integers(0, 6)) for _ in shape]
        state[f"t{index}"] = base.as_strided(shape, strides, data.draw(st.integers(0, 27)))
    source = tmp_path / "m.bin"
    torch.save(state, source)
    same(rebuilt(source).tensors, torch.load(source, weights_only=True))


def test_the_header_says_the_format_and_lies_as_the_library_has_it(tmp_path: Path) -> None:
    source = tmp_path / "m.bin"
    torch.save(
        {"b": torch.ones(1, dtype=torch.int8), "z": torch.ones(1), "a": torch.ones(1), "h": normal(1).half()}, source
    )
    file = rebuilt(source).file
    header = read_header(file.read_bytes(), file.stat().st_size)
    assert dict(header.metadata) == {"format": "pt"}
    assert list(header.tensors) == ["a", "z", "h", "b"]
    assert header.begin % 8 == 0
    assert all(info.start % 4 == 0 for name, info in header.tensors.items() if name in "az")


def test_the_order_of_the_pickle_makes_no_difference(tmp_path: Path) -> None:
    for folder, names in (("one", "abc"), ("two", "cab")):
        (tmp_path / folder).mkdir()
        torch.save({name: torch.full((2,), float(ord(name))) for name in names}, tmp_path / folder / "m.bin")
    files = [rebuilt(tmp_path / folder / "m.bin").file.read_bytes() for folder in ("one", "two")]
    assert files[0] == files[1]


def test_names_can_be_left_out(tmp_path: Path) -> None:
    source = tmp_path / "m.bin"
    torch.save(tied(), source)
    theirs = torch.load(source, weights_only=True)
    del theirs["head.weight"]
    same(rebuilt(source, "head.weight").tensors, theirs)


def test_memory_is_flat(tmp_path: Path) -> None:
    source = tmp_path / "m.bin"
    torch.save({"a": torch.zeros(8 << 20), "b": torch.zeros(2048, 4096).t()}, source)
    tracemalloc.start()
    with source.open("rb") as stream:
        legacy = read_legacy(stream, source.stat().st_size, "m.bin")
        check_sums(stream, legacy.members, "m.bin")
        write_safetensors(stream, legacy, tmp_path / "model.safetensors")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert source.stat().st_size > 64 << 20
    assert peak < 6 << 20


def test_a_full_disk_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "m.bin"
    source.write_bytes(bin_file())
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=7))
    with pytest.raises(ResourceError, match=r"model\.safetensors needs 0 MB"):
        rebuilt(source)
    assert [path.name for path in tmp_path.iterdir()] == ["m.bin"]


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    source = tmp_path / "m.bin"
    source.write_bytes(bin_file())
    with source.open("rb") as stream:
        legacy = read_legacy(stream, source.stat().st_size, "m.bin")
    source.write_bytes(source.read_bytes()[:300])
    with source.open("rb") as stream, pytest.raises(EOFError):
        write_safetensors(stream, legacy, tmp_path / "model.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["m.bin"]


def test_bytes_are_copied_and_not_read_as_numbers(tmp_path: Path) -> None:
    source = tmp_path / "m.bin"
    source.write_bytes(bin_file(None, {"0": struct.pack("<2I", 0x7F800001, 0xFFFFFFFF)}))
    assert rebuilt(source).file.read_bytes().endswith(struct.pack("<2I", 0x7F800001, 0xFFFFFFFF))
