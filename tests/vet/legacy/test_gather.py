"""Elements in order: torch's own `contiguous` is the truth."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sanitizer.vet.header import BYTES
from sanitizer.vet.legacy import gather
from sanitizer.vet.legacy.gather import chunks, collapsed, in_place, runs
from sanitizer.vet.legacy.values import Storage, View

DTYPES = {"U8": torch.uint8, "F16": torch.float16, "F32": torch.float32, "I64": torch.int64}


def view_of(tensor: torch.Tensor, dtype: str) -> View:
    size = tensor.untyped_storage().nbytes()
    return View(Storage("0", dtype, size), dtype, tensor.storage_offset(), tuple(tensor.shape), tensor.stride())


def raw(tensor: torch.Tensor) -> bytes:
    flat = torch.empty(tensor.numel(), dtype=tensor.dtype).copy_(tensor.reshape(-1))
    return flat.view(torch.uint8).numpy().tobytes()


def stored(path: Path, tensor: torch.Tensor, begin: int) -> Path:
    storage = torch.empty(0, dtype=torch.uint8).set_(tensor.untyped_storage())  # type: ignore[call-overload]
    path.write_bytes(b"x" * begin + storage.numpy().tobytes())
    return path


@st.composite
def strided(draw: st.DrawFn) -> tuple[str, torch.Tensor]:
    """Any view into two hundred elements: permuted, sliced, stepped, repeated, overlapping."""
    dtype = draw(st.sampled_from(sorted(DTYPES)))
    base = torch.arange(200).to(DTYPES[dtype])
    dimensions = draw(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 40)), max_size=4))
    reach = sum((n - 1) * stride for n, stride in dimensions if n)
    if reach >= 200:
        dimensions = [(n, stride % 7) for n, stride in dimensions]
        reach = sum((n - 1) * stride for n, stride in dimensions if n)
    start = draw(st.integers(0, 199 - reach))
    return dtype, base.as_strided([n for n, _ in dimensions], [s for _, s in dimensions], start)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(strided(), st.sampled_from([0, 1, 4095, 4096, 5000]), st.sampled_from([1, 2, 7, 1 << 18]))
def test_every_view_is_gathered_as_torch_has_it(
    tmp_path: Path, drawn: tuple[str, torch.Tensor], begin: int, block: int
) -> None:
    dtype, tensor = drawn
    path = stored(tmp_path / "f", tensor, begin)
    with pytest.MonkeyPatch.context() as patch, path.open("rb") as stream:
        patch.setattr(gather, "BLOCK", block)
        gathered = b"".join(bytes(piece) for piece in chunks(stream, begin, view_of(tensor, dtype)))
    assert gathered == raw(tensor)


@given(strided())
def test_fewer_dimensions_are_the_same_elements(drawn: tuple[str, torch.Tensor]) -> None:
    _, tensor = drawn
    shape, strides = collapsed(tuple(tensor.shape), tensor.stride())
    again = tensor.as_strided(shape, strides)
    assert raw(again) == raw(tensor)
    assert len(shape) <= tensor.dim()
    if tensor.is_contiguous() and tensor.numel() > 1:
        assert strides == (1,)


@given(strided())
def test_in_place_has_the_same_elements(drawn: tuple[str, torch.Tensor]) -> None:
    dtype, tensor = drawn
    view = in_place(view_of(tensor, dtype))
    again = tensor.as_strided(view.shape, view.strides)
    assert again.numel() <= tensor.numel()
    assert set(again.flatten().tolist()) == set(tensor.flatten().tolist())


def test_a_transposed_matrix_lies_in_order() -> None:
    for tensor in (torch.empty(30, 40).t(), torch.empty(2, 3, 4).permute(2, 0, 1), torch.empty(5).expand(9, 5)):
        view = in_place(view_of(tensor, "F32"))
        assert collapsed(view.shape, view.strides)[1] == (1,)


def test_what_lies_in_order_is_read_in_pieces_and_what_does_not_is_gathered_in_blocks(tmp_path: Path) -> None:
    straight = torch.arange(3 << 20).to(torch.uint8)
    turned = torch.arange(2048 * 1024, dtype=torch.int32).reshape(2048, 1024).t()
    for dtype, tensor, most in (("U8", straight, 1 << 20), ("I32", turned, gather.BLOCK * 4)):
        path = stored(tmp_path / dtype, tensor, 3)
        with path.open("rb") as stream:
            pieces = [bytes(piece) for piece in chunks(stream, 3, view_of(tensor, dtype))]
        assert b"".join(pieces) == raw(tensor)
        assert max(map(len, pieces)) == most
        assert len(pieces) == tensor.numel() * BYTES[dtype] // most


def test_memory_does_not_grow_with_the_tensor(tmp_path: Path) -> None:
    tensor = torch.zeros(4096, 4096, dtype=torch.uint8).t()
    path = stored(tmp_path / "f", tensor, 0)
    tracemalloc.start()
    with path.open("rb") as stream:
        assert sum(len(piece) for piece in chunks(stream, 0, view_of(tensor, "U8"))) == 1 << 24
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 << 20


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (torch.empty(1000), 0),
        (torch.empty(0, 7).t(), 0),
        (torch.empty(100, 30).t(), 30),
        (torch.empty(100, 30)[:, :10], 10),
        (torch.empty(64, 32, 3, 3).to(memory_format=torch.channels_last), 32 * 9),
        (torch.empty(1).expand(5000), 1),
    ],
)
def test_a_run_is_a_copy(tensor: torch.Tensor, expected: int) -> None:
    assert runs(view_of(tensor, "F32")) == expected


def test_a_file_that_ends_early_is_noticed() -> None:
    tensor = torch.arange(8)
    with pytest.raises(EOFError):
        list(chunks(io.BytesIO(bytes(60)), 0, view_of(tensor, "I64")))
