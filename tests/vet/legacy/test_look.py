"""What a pickle that is left behind holds: told without loading it, for every way to hide a call."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.bins import CALLS_SYSTEM, archive, bin_file, dict_of, number, parts, pickled, storage, tensor
from helpers.hostile import OLD_PICKLE, PICKLE

from sanitizer.vet.legacy import look as module
from sanitizer.vet.legacy.look import Look, look
from sanitizer.vet.magic import sniff_file


def seen(path: Path, data: bytes) -> Look:
    path.write_bytes(data)
    return look(path)


def torch_saved(what: Any, **how: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(what, buffer, **how)
    return buffer.getvalue()


def before_1_6(what: Any) -> bytes:
    return torch_saved(what, _use_new_zipfile_serialization=False)


class Calls:
    def __reduce__(self) -> tuple[Any, ...]:
        return len, ("called",)


MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
STATE = torch.nn.Linear(2, 3).half().state_dict()
_PROTOCOL, _MACHINE = pickle.dumps(1001, 2), pickle.dumps({"little_endian": True}, 2)
DATA = {
    "a state dict": bin_file(),
    "of torch": torch_saved({"a": torch.ones(2), "step": 3}),
    "a training checkpoint": torch_saved({"model": {"a": torch.ones(2)}, "epoch": 3}),
    "a bare pickle": pickle.dumps({"a": [1, 2.5, "x", None]}, 4),
    "before torch 1.6": before_1_6(STATE),
    "before torch 1.6, cut off in a tensor": before_1_6(STATE)[:-1],
    "before torch 1.6, a parameter": before_1_6({"a": torch.nn.Parameter(torch.ones(2)), "epoch": 3}),
}
CODE = {
    "bare": (PICKLE, "os.system"),
    "in torch's zip": (bin_file(dict_of(a=tensor(), b=CALLS_SYSTEM)), "os.system"),
    "a whole model": (torch_saved(torch.nn.Linear(1, 1)), "torch.nn.modules.linear.Linear"),
    "an old instruction": (pickled(b"(X\x02\0\0\0idios\nsystem\n"), "INST at byte 10"),
    "an object": (pickle.dumps(Path("x"), 2), "pathlib.PosixPath"),
    "protocol 0": (b"cos\nsystem\n(S'id'\ntR.", "os.system"),
    "before torch 1.6": (before_1_6({"a": torch.ones(2), "b": Calls()}), "__builtin__.len"),
    "before torch 1.6, the first pickle": (MAGIC + PICKLE, "os.system"),
    "before torch 1.6, the machine": (MAGIC + _PROTOCOL + PICKLE, "os.system"),
    "before torch 1.6, the keys": (MAGIC + _PROTOCOL + _MACHINE + pickle.dumps({}, 2) + PICKLE, "os.system"),
    "without tensors' bytes": (archive(parts(pickled(CALLS_SYSTEM), {})), "os.system"),
}
UNKNOWN = {
    "nothing": b"",
    "text": b"hello",
    "protocol 0": OLD_PICKLE,
    "cut off": bin_file()[:-1],
    "deflated": b"PK\x03\x04" + bytes(100),
    "before torch 1.6, no more than its beginning": MAGIC,
    "before torch 1.6, without its keys": MAGIC + _PROTOCOL + _MACHINE + pickle.dumps({}, 2),
    "before torch 1.6, a view": before_1_6(STATE).replace(b"Ntq", b"K\x01tq", 1),
    "in torch's zip, with the sixth part of old": bin_file(dict_of(a=tensor(storage().replace(b"tQ", b"NtQ")))),
    "two pickles": pickle.dumps({}, 2) + pickle.dumps({}, 2),
}


@pytest.mark.parametrize("name", DATA)
def test_data(name: str, tmp_path: Path) -> None:
    assert seen(tmp_path / "f", DATA[name]) == Look("data")


@pytest.mark.parametrize("name", CODE)
def test_code(name: str, tmp_path: Path) -> None:
    data, detail = CODE[name]
    assert seen(tmp_path / "f", data) == Look("code", detail)


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown(name: str, tmp_path: Path) -> None:
    found = seen(tmp_path / "f", UNKNOWN[name])
    assert found.holds == "unknown"
    assert found.detail


def test_only_so_much_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickled(dict_of(a=number(1)))
    monkeypatch.setattr(module, "MOST_BYTES", len(data) - 2)
    assert seen(tmp_path / "f", data + bytes(1000)).holds == "unknown"
    assert Look() == Look("unknown")


TRAINING = {"python": (3, (1, 2), None), "states": {0: {"step": torch.ones(1)}}, "kind": {"a", "b"}}


@pytest.mark.parametrize("old", [False, True])
def test_states_of_training_are_data_where_training_left_them_and_nowhere_else(old: bool, tmp_path: Path) -> None:
    data = torch_saved(TRAINING, _use_new_zipfile_serialization=not old)
    (tmp_path / "x.pt").write_bytes(data)
    assert look(tmp_path / "x.pt", training=True).holds == "data"
    assert look(tmp_path / "x.pt").holds in ("unknown", "code")


@pytest.mark.parametrize("old", [False, True])
def test_whatever_else_they_call_is_code(old: bool, tmp_path: Path) -> None:
    data = torch_saved([TRAINING, Calls()], _use_new_zipfile_serialization=not old)
    (tmp_path / "x.pt").write_bytes(data)
    seen = look(tmp_path / "x.pt", training=True)
    assert (seen.holds, seen.detail.rpartition(".")[2]) == ("code", "len")


def test_a_pickle_anywhere_in_a_zip_archive_is_found(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(tmp_path / "x.zip", "w", method) as archive:
            archive.writestr("a.txt", "text")
            archive.writestr("b/c", PICKLE)
        assert look(tmp_path / "x.zip") == Look("code", "os.system")


def test_arrays_are_data_and_arrays_of_objects_are_not(tmp_path: Path) -> None:
    np.savez(tmp_path / "good.npz", x=np.ones(3))
    np.savez(tmp_path / "evil.npz", x=np.array([Calls()]))
    np.save(tmp_path / "evil.npy", np.array([Calls()]))
    assert look(tmp_path / "good.npz").holds == "data"
    assert look(tmp_path / "evil.npz").holds == "code"
    assert sniff_file(tmp_path / "evil.npy") == "pickle"
    assert look(tmp_path / "evil.npy").holds == "code"
