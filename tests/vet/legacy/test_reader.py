"""Whole files: what is a state dict, what is not, and that no spoilt file becomes a good one."""

from __future__ import annotations

import io
import pickle
import tarfile
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.bins import (
    BUILD,
    CALLS_SYSTEM,
    FALSE,
    NONE,
    ORDERED_DICT,
    STOP,
    Part,
    archive,
    bin_file,
    dict_of,
    lying,
    named,
    number,
    numbers,
    parts,
    pickled,
    storage,
    tensor,
    text,
    tuple_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from sanitizer.errors import CorruptError, RefusedError
from sanitizer.vet.legacy import reader
from sanitizer.vet.legacy.archive import check_sums
from sanitizer.vet.legacy.reader import Legacy, read_legacy
from sanitizer.vet.legacy.values import Storage, View

GOOD = bin_file()
EIGHT = {"0": bytes(range(8))}
FLAT = View(Storage("0", "F32", 8), "F32", 0, (2,), (1,))


def read(data: bytes) -> Legacy:
    stream = io.BytesIO(data)
    found = read_legacy(stream, len(data), "f.bin")
    check_sums(stream, found.members, "f.bin")
    return found


def tensors(data: bytes) -> dict[str, tuple[View, bytes]]:
    found = read(data)
    return {
        name: (view, data[found.begin(view) : found.begin(view) + view.storage.size])
        for name, view in found.views.items()
    }


def refused(data: bytes) -> str:
    with pytest.raises((RefusedError, CorruptError)) as caught:
        read(data)
    return caught.value.findings[0].rule if isinstance(caught.value, RefusedError) else "corrupt"


def torch_saved(what: Any, **how: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(what, buffer, **how)
    return buffer.getvalue()


def test_a_good_file() -> None:
    assert tensors(GOOD) == {"a": (FLAT, bytes(range(8)))}
    assert read(GOOD).left_out == ()


def test_entries_that_are_no_tensors_are_left_out_by_name() -> None:
    size = named("torch", "Size") + numbers((2, 3)) + b"\x85R"
    state = dict_of(a=tensor(), epoch=number(3), name=text("x"), size=size, nothing=NONE, more=dict_of(lr=number(1)))
    assert read(bin_file(state)).left_out == ("epoch", "name", "size", "nothing", "more")
    assert read(torch_saved({"a": torch.ones(2), "s": torch.Size([2])})).left_out == ("s",)


NESTED = dict_of(state_dict=dict_of(a=tensor()), epoch=number(3))
NOT_A_STATE: dict[str, tuple[bytes, str]] = {
    "a training checkpoint": (bin_file(NESTED), "legacy.state-dict"),
    "with an optimizer": (bin_file(dict_of(a=tensor(), optimizer=dict_of(b=tensor()))), "legacy.state-dict"),
    "a list of tensors": (bin_file(dict_of(a=tensor(), b=tuple_of(tensor()))), "legacy.state-dict"),
    "a bare storage": (bin_file(dict_of(a=tensor(), b=storage())), "legacy.state-dict"),
    "one tensor": (bin_file(tensor()), "legacy.state-dict"),
    "a tuple": (bin_file(tuple_of(tensor(), tensor())), "legacy.state-dict"),
    "a number": (bin_file(number(1), {}), "legacy.state-dict"),
    "a name": (bin_file(named("torch", "float32"), {}), "legacy.state-dict"),
    "reserved": (bin_file(dict_of(__metadata__=tensor())), "safetensors.tensor-name"),
    "empty": (bin_file(b"}", {}), "safetensors.empty"),
    "nothing but numbers": (bin_file(dict_of(a=number(1)), {}), "safetensors.empty"),
    "keys that are numbers": (bin_file(b"}" + number(0) + tensor() + b"s"), "pickle.malformed"),
    "keys that are tuples": (bin_file(b"}" + numbers((0,)) + tensor() + b"s"), "pickle.malformed"),
    "key twice": (bin_file(b"}(" + text("a") + tensor() + text("a") + tensor() + b"u"), "pickle.malformed"),
    "no name": (bin_file(dict_of(**{"": tensor()})), "safetensors.tensor-name"),
    "hidden name": (bin_file(dict_of(**{"a\u202e": tensor()})), "safetensors.tensor-name"),
    "name with nul": (bin_file(dict_of(**{"a\0": tensor()})), "safetensors.tensor-name"),
    "long name": (bin_file(dict_of(**{"a" * 1025: tensor()})), "safetensors.tensor-name"),
}


@pytest.mark.parametrize("name", NOT_A_STATE)
def test_what_is_no_state_dict(name: str) -> None:
    data, rule = NOT_A_STATE[name]
    assert refused(data) == rule


STORAGES: dict[str, tuple[bytes, str]] = {
    "larger than it is": (bin_file(dict_of(a=tensor(storage(count=3)))), "legacy.view"),
    "smaller than it is": (bin_file(dict_of(a=tensor(storage(count=1), shape=(1,)))), "legacy.view"),
    "missing": (bin_file(dict_of(a=tensor(storage(key="1")))), "legacy.view"),
    "missing but empty": (bin_file(dict_of(a=tensor(storage(key="1", count=0), shape=(0,)))), "legacy.view"),
    "orphan": (bin_file(None, {**EIGHT, "1": b"x"}), "legacy.view"),
    "two types": (bin_file(dict_of(a=tensor(), b=tensor(storage("IntStorage")))), "legacy.view"),
    "two sizes": (bin_file(dict_of(a=tensor(), b=tensor(storage(count=1), shape=(1,)))), "legacy.view"),
    "big-endian": (lying("byteorder", data=b"big"), "legacy.kind"),
}  # fmt: skip


@pytest.mark.parametrize("name", STORAGES)
def test_storages_and_members_must_agree(name: str) -> None:
    data, rule = STORAGES[name]
    assert refused(data) == rule


def of_tar(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as opened:
        info = tarfile.TarInfo("storages")
        info.size = len(content)
        opened.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def deflated(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as sink:
        for info in source.infolist():
            sink.writestr(info.filename, source.read(info))
    return buffer.getvalue()


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as sink:
        sink.writestr("m/data.pkl", bytes(100 << 20))
    return buffer.getvalue()


BOGUS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "legacy.format"),
    "text": (b"hello", "legacy.format"),
    "before torch 1.6": (
        torch_saved({"a": torch.ones(2)}, _use_new_zipfile_serialization=False),
        "legacy.format",
    ),
    "bare pickle": (pickled(dict_of(a=number(1))), "legacy.format"),
    "hostile pickle": (pickled(CALLS_SYSTEM), "legacy.format"),
    "tar": (of_tar(GOOD), "legacy.format"),
    "gzip": (b"\x1f\x8b\x08" + bytes(50), "legacy.format"),
    "program": (b"\x7fELF" + bytes(60), "legacy.format"),
    "safetensors": (b"\x08\0\0\0\0\0\0\0{}      ", "legacy.format"),
    "empty zip": (b"PK\5\6" + bytes(18), "legacy.format"),
    "zip after junk": (b"#!/bin/sh\n" + GOOD, "legacy.format"),
    "pickle before a zip": (pickled(CALLS_SYSTEM) + GOOD, "legacy.format"),
    "zip after a zip": (GOOD + GOOD, "archive.layout"),
    "deflated": (deflated(GOOD), "archive.packed"),
    "deflate bomb": (bomb(), "archive.packed"),
    "TorchScript": (archive([*parts(pickled(b"}"), {}), Part("constants.pkl", pickled(b")"))]), "archive.members"),
    "pickle too large": (archive(parts(bytes((16 << 20) + 1), {})), "archive.layout"),
    "code in data": (bin_file(dict_of(a=CALLS_SYSTEM)), "pickle.global"),
    "code after data": (archive(parts(pickled(dict_of(a=tensor())) + CALLS_SYSTEM + STOP, EIGHT)), "pickle.malformed"),
    "code in attributes": (bin_file(ORDERED_DICT + dict_of(_metadata=CALLS_SYSTEM) + BUILD), "pickle.global"),
    "meta tensors": (torch_saved({"a": torch.empty(2, device="meta")}), "legacy.kind"),
    "sparse": (torch_saved({"a": torch.eye(2).to_sparse()}), "legacy.kind"),
    "complex": (torch_saved({"a": torch.ones(2, dtype=torch.complex64)}), "legacy.kind"),
    "negated": (torch_saved({"a": torch._neg_view(torch.ones(2))}), "legacy.kind"),
    "whole model": (torch_saved(torch.nn.Linear(1, 1)), "pickle.global"),
    "a device": (torch_saved({"a": torch.ones(1), "d": torch.device("cpu")}), "pickle.global"),
    "a set": (torch_saved({"a": torch.ones(1), "s": {1}}), "pickle.global"),
    "bytes": (torch_saved({"a": torch.ones(1), "s": b"x"}), "pickle.global"),
}


@pytest.mark.parametrize("name", BOGUS)
def test_bogus(name: str) -> None:
    data, rule = BOGUS[name]
    assert refused(data) == rule


def test_the_format_before_is_told_by_name() -> None:
    with pytest.raises(RefusedError, match=r"written by torch before 1\.6") as caught:
        read(BOGUS["before torch 1.6"][0])
    assert "save it again" in caught.value.hint


def test_strides_of_zero_are_bounded() -> None:
    """From eight bytes: 16 MiB are let pass, for masks and positions that were repeated; a terabyte is not."""
    repeated = dict_of(a=tensor(shape=(1 << 20, 2), strides=(0, 1)))
    assert read(bin_file(repeated)).views["a"].shape == (1 << 20, 2)
    giant = dict_of(a=tensor(shape=(1 << 37, 2), strides=(0, 1)))
    assert refused(bin_file(giant)) == "legacy.expanded"
    many = dict_of(**{f"a{i}": tensor(shape=(1 << 18, 2), strides=(0, 1)) for i in range(20)})
    assert refused(bin_file(many)) == "legacy.expanded"


def test_tensors_strewn_all_over_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    turned = dict_of(a=tensor(storage(count=64), 0, (2,) * 6, (1, 2, 4, 8, 16, 32)))
    data = bin_file(turned, {"0": bytes(256)})
    assert read(data).views["a"].shape == (2,) * 6
    monkeypatch.setattr(reader, "MOST_RUNS", 31)
    assert refused(data) == "legacy.expanded"


@settings(max_examples=400)
@given(st.data())
def test_a_spoilt_file_gives_the_same_tensors_or_none(data: st.DataObject) -> None:
    spoilt = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(spoilt) - 1))
        match data.draw(st.sampled_from(["change", "insert", "delete"])):
            case "change":
                spoilt[place] ^= data.draw(st.integers(1, 255))
            case "insert":
                spoilt[place:place] = data.draw(st.binary(min_size=1, max_size=8))
            case "delete":
                del spoilt[place : place + data.draw(st.integers(1, 8))]
    try:
        found = tensors(bytes(spoilt))
    except (RefusedError, CorruptError):
        return
    assert found == tensors(WHOLE)


WHOLE = torch_saved(OrderedDict(a=torch.arange(6.0).reshape(2, 3).t(), b=torch.ones(3, dtype=torch.float16)))
HOSTILE = [data for data, _ in (*BOGUS.values(), *NOT_A_STATE.values(), *STORAGES.values()) if 0 < len(data) < 1 << 20]


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return {info.filename.partition("/")[2]: opened.read(info) for info in opened.infolist()}


def zipped_again(data: bytes) -> bytes:
    """What zipfile sees in it, in another archive and another folder: stored, as zipfile has it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as sink:
        for name, content in members(data).items():
            sink.writestr(f"other/{name}", content)
    return buffer.getvalue()


@pytest.mark.parametrize("data", HOSTILE)
def test_no_wrapping_turns_a_refusal_into_an_acceptance(data: bytes) -> None:
    for junk in (b"\0", b"PK\3\4", GOOD, b"#" * 100):
        assert refused(data + junk)
        assert refused(junk + data)
    for part in (data, GOOD + data, data + GOOD):
        if zipfile.is_zipfile(io.BytesIO(part)) and not part.endswith(GOOD):
            assert members(part) == members(GOOD) or refused(zipped_again(part))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_hostile_in_every_protocol(protocol: int) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path, ("x",))

    data = archive(parts(pickle.dumps({"a": Evil()}, protocol), {}))
    assert refused(data) == "pickle.global"


def test_reading_does_not_touch_the_tensors() -> None:
    """A file whose tensors are a hole of a terabyte is read at once."""

    class Watched(io.BytesIO):
        total = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            Watched.total += len(data)
            return data

    data = bin_file(dict_of(a=tensor(storage(count=1 << 20), shape=(1 << 20,))), {"0": bytes(4 << 20)})
    assert read_legacy(Watched(data), len(data), "f.bin").views
    assert Watched.total < 10_000


def test_false_is_no_default_of_the_helper() -> None:
    """The pieces that these tests are made of are those of torch itself."""
    theirs = zipfile.ZipFile(io.BytesIO(torch_saved({"a": torch.ones(2)}))).read("archive/data.pkl")
    ours = pickled(dict_of(a=tensor(tail=FALSE + ORDERED_DICT)))
    assert read(archive(parts(theirs, EIGHT))).views == read(archive(parts(ours, EIGHT))).views == {"a": FLAT}
