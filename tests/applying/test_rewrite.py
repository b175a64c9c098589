"""Blocks of any size give what numpy gives in one piece; bytes that changed are not believed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from sanitizer.applying import rewrite as module
from sanitizer.applying.edits import Edit
from sanitizer.applying.rewrite import rewrite
from sanitizer.applying.target import LARGEST, outputs_of
from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.errors import CorruptError
from sanitizer.progress import silent
from sanitizer.vet.safetensors import header_of

NAME = "model.safetensors"


def source(folder: Path, tensors: dict[str, np.ndarray]) -> Checkpoint:
    folder.mkdir()
    save_file(tensors, folder / NAME, metadata={"format": "pt"})
    return Checkpoint.of_folder(folder, LocalOrigin("m"), [NAME])


def ranges(length: int) -> st.SearchStrategy[tuple[range, ...]]:
    """Some of the numbers below `length`, as ranges in order."""
    chosen = st.sets(st.integers(0, length - 1)).map(sorted)
    return chosen.map(lambda numbers: tuple(range(number, number + 1) for number in numbers))


@st.composite
def cases(draw: st.DrawFn) -> tuple[tuple[int, ...], str, Edit]:
    shape = tuple(draw(st.lists(st.integers(1, 9), min_size=1, max_size=2)))
    axis = draw(st.integers(0, len(shape) - 1))
    keep = draw(st.none() | ranges(shape[axis]))
    return (
        shape,
        draw(st.sampled_from(["uint8", "float16", "float32", "float64"])),
        Edit(axis, draw(ranges(shape[axis])), keep),
    )


@given(case=cases(), block=st.integers(1, 64))
def test_any_edit_in_any_blocks_is_what_numpy_makes_of_it(
    case: tuple[tuple[int, ...], str, Edit], block: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shape, dtype, edit = case
    values = np.arange(1, 1 + int(np.prod(shape))).reshape(shape).astype(dtype)
    folder = tmp_path_factory.mktemp("rewrite")
    other = np.arange(7, dtype="float32")
    vetted = source(folder / "m", {"a": other, "w": values, "z": other})
    headers = {NAME: header_of(vetted, NAME)}
    (folder / "out").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", block)
        outputs = outputs_of(headers, {"w": edit}, frozenset({"z"}), largest=LARGEST)
        rewrite(vetted, headers, outputs, {"w": edit}, folder / "out", progress=silent)
    at: list[slice | list[int]] = [slice(None)] * len(shape)
    at[edit.axis] = [number for part in edit.zero for number in part]
    values[tuple(at)] = 0
    if edit.keep is not None:
        values = np.take(values, [number for part in edit.keep for number in part], axis=edit.axis)
    save_file({"a": other, "w": values}, folder / "expected", metadata={"format": "pt"})
    assert (folder / "out" / NAME).read_bytes() == (folder / "expected").read_bytes()
    assert load_file(folder / "out" / NAME)["w"].dtype == dtype


@pytest.mark.parametrize("change", ["flipped", "shorter", "longer"])
def test_a_file_that_changed_after_it_was_vetted_is_not_believed(change: str, tmp_path: Path) -> None:
    vetted = source(tmp_path / "m", {"w": np.ones((4, 4), "float32")})
    headers = {NAME: header_of(vetted, NAME)}
    outputs = outputs_of(headers, {}, frozenset(), largest=LARGEST)
    data = bytearray((tmp_path / "m" / NAME).read_bytes())
    if change == "flipped":
        data[-1] ^= 1
    (tmp_path / "m" / NAME).write_bytes({"shorter": data[:-9], "longer": data + b"x"}.get(change, data))
    (tmp_path / "out").mkdir()
    with pytest.raises(CorruptError, match="changed after it was vetted"):
        rewrite(vetted, headers, outputs, {}, tmp_path / "out", progress=silent)
