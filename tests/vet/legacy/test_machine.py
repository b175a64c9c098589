"""The machine against Python's own unpickler, and against everything that a pickle can do to its reader."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from collections import OrderedDict
from typing import Any

import pytest
from helpers.bins import (
    BUILD,
    CALLS_SYSTEM,
    FALSE,
    MARK,
    NONE,
    ORDERED_DICT,
    REDUCE,
    TRUE,
    dict_of,
    named,
    number,
    pickled,
    storage,
    tensor,
    text,
    tuple_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from sanitizer.errors import RefusedError
from sanitizer.vet.legacy import machine
from sanitizer.vet.legacy.machine import run
from sanitizer.vet.legacy.names import KNOWN
from sanitizer.vet.legacy.opcodes import ALLOWED
from sanitizer.vet.legacy.rebuild import call
from sanitizer.vet.legacy.rebuild import storage as storage_of
from sanitizer.vet.legacy.values import Ordered, Storage, View

FLAT = View(Storage("0", "F32", 8), "F32", 0, (2,), (1,))
META = b"}" + text("_metadata") + ORDERED_DICT + b"s"


class TheirUnpickler(pickle.Unpickler):
    """Python's machine, with our descriptions instead of torch's objects. Only for what our machine accepted."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        named = KNOWN[f"{module} {name}"]
        return type("Named", (), {"__new__": lambda cls, *arguments: made(named, arguments)})

    def persistent_load(self, identity: Any) -> Any:
        word, kind, *rest = identity
        return storage_of((word, kind(), *rest), "theirs")


def made(named: Any, arguments: tuple[Any, ...]) -> Any:
    if not arguments:
        return named
    plain = tuple(Ordered(a) if isinstance(a, OrderedDict) else a() if isinstance(a, type) else a for a in arguments)
    return call(named, plain, "theirs")


def refused(data: bytes) -> str:
    with pytest.raises(RefusedError) as caught:
        run(data, "f.bin")
    return caught.value.findings[0].rule


def test_a_state_dict() -> None:
    state = run(pickled(ORDERED_DICT + dict_of(a=tensor())[1:] + META + BUILD), "f.bin")
    assert isinstance(state, Ordered)
    assert state == {"a": FLAT}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_data_in_every_protocol(protocol: int) -> None:
    value = {"a": [1, -1, 300, 1 << 40, 2.5, None, True, False, "é"], "b": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4))}
    twice = [[1], {"x": "y" * 70_000}]
    data = pickle.dumps({**value, "c": twice, "d": twice}, protocol)
    assert run(data, "f.bin") == {**value, "c": twice, "d": twice}


HALVES = tensor(storage("HalfStorage", "1", 6), 1, (2, 2), (3, 1))
STATE = pickled(dict_of(a=tensor(), b=HALVES, c=number(1 << 40) + b"q\x05", d=b"h\x05"))


@settings(max_examples=400)
@given(st.data())
def test_what_of_spoilt_pickles_is_accepted_python_reads_alike(data: st.DataObject) -> None:
    spoilt = bytearray(STATE)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(spoilt) - 1))
        what = data.draw(st.sampled_from([*ALLOWED, 0, 1, 2, 255, ord("a")]))
        match data.draw(st.sampled_from(["change", "insert", "delete"])):
            case "change":
                spoilt[place] = what
            case "insert":
                spoilt.insert(place, what)
            case "delete":
                del spoilt[place]
    try:
        ours = run(bytes(spoilt), "f.bin")
    except RefusedError:
        return
    assert repr(ours) == repr(TheirUnpickler(io.BytesIO(bytes(spoilt))).load())


@given(st.binary(max_size=60))
def test_bytes_of_any_kind_are_a_value_or_a_refusal(data: bytes) -> None:
    for start in (b"", b"\x80\x02", b"\x80\x04\x95"):
        try:
            run(start + data, "f.bin")
        except RefusedError as error:
            assert error.findings[0].severity == "high"


GLOBALS = " ".join(
    """
    os system, posix system, nt system, subprocess Popen, builtins eval, builtins exec, builtins getattr, builtins
    __import__, __builtin__ eval, importlib import_module, json loads, pickle loads, runpy run_path, torch load,
    torch.load load, torch.hub load, torch.storage _load_from_bytes, torch.jit load, torch device, torch._utils
    _rebuild_device_tensor_from_numpy, torch._utils _rebuild_wrapper_subclass, torch._utils __name__, torch._tensor
    _rebuild_from_type_v2.__globals__, collections OrderedDict.__reduce__, collections Counter, collections
    defaultdict, numpy.core.multiarray _reconstruct, numpy frombuffer, _codecs encode, torch Float,
    torch.serialization _get_layout, copy_reg _reconstructor, builtins set, functools partial, operator attrgetter,
    torch.nn.modules.linear Linear, transformers.modeling_utils PreTrainedModel, __main__ Model, torch nn.Module,
    torch.cuda FloatStorage, torch.storage TypedStorage, collections ordereddict, Collections OrderedDict
    """.split()
).split(", ")


@pytest.mark.parametrize("name", GLOBALS)
@pytest.mark.parametrize("called", [False, True])
def test_names_outside_the_list(name: str, called: bool) -> None:
    module, _, word = name.partition(" ")
    call = tuple_of(text("x")) + REDUCE if called else b""
    assert refused(pickled(named(module, word) + call)) == "pickle.global"
    assert refused(pickled(text(module) + text(word) + b"\x93" + call, 4)) == "pickle.global"


@pytest.mark.parametrize(
    "name",
    [
        "_rebuild_meta_tensor_no_storage",
        "_rebuild_sparse_tensor",
        "_rebuild_qtensor",
        "_rebuild_nested_tensor",
    ],
)
def test_tensors_that_cannot_be_held_are_named(name: str) -> None:
    assert refused(pickled(named("torch._utils", name))) == "legacy.kind"


@pytest.mark.parametrize(
    "piece",
    [
        b"(" + text("id") + b"ios\nsystem\n",
        b"(" + named("collections", "OrderedDict") + b"o",
        named("collections", "OrderedDict") + b")\x81",
        named("collections", "OrderedDict") + b")}\x92",
        b"\x82\x01",
        b"\x83\x01\x00",
        b"\x84\x01\x00\x00\x00",
    ],
)
def test_instructions_that_call(piece: bytes) -> None:
    assert refused(pickled(piece)) == "pickle.call"


@pytest.mark.parametrize(
    "piece",
    [
        b"P0\n",
        b"Va\n",
        b"I01\n",
        b"L1L\n",
        b"F1.0\n",
        b"S'a'\n",
        b"U\x01a",
        b"T\x01\0\0\0a",
        b"C\x01a",
        b"\x8b\x01\0\0\0\x01",
        b"\x8d\x01\0\0\0\0\0\0\0a",
        b"\x96\x01\0\0\0\0\0\0\0a",
        b"(d",
        b"(l",
        b"\x8f",
        b"(\x91",
        b"\x97",
        b"\x98",
        b"N0N",
        b"N2",
        b"(1N",
        b"Ng0\n",
        b"Np0\n",
    ],
)
def test_instructions_outside_the_list(piece: bytes) -> None:
    assert refused(pickled(piece)) == "pickle.opcode"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b".",
        b"}.",
        b"\x80\x01}.",
        b"\x80\x06}.",
        b"\x80\x02.",
        b"\x80\x02}}.",
        b"\x80\x02}..",
        b"\x80\x02}.cos\nsystem\n)R.",
        b"\x80\x02(}.",
        b"}\x80\x02.",
        b"\x80\x02\x80\x02}.",
        pickled(b"R"),
        pickled(b"\x85"),
        pickled(b"N\x86"),
        pickled(b"N" + MARK + b"\x85"),
        pickled(b"t"),
        pickled(b"q\x00"),
        pickled(b"(q\x00t"),
        pickled(b"h\x00"),
        pickled(b"j\xff\xff\xff\xff"),
        pickled(b"Nq\x00q\x00"),
        pickled(b"}NNs"),
        pickled(b"}K\x01Ns"),
        pickled(b"})Ns"),
        pickled(b"}" + text("a") + b"s"),
        pickled(b"}" + MARK + text("a") + b"u"),
        pickled(b"}" + MARK + (text("a") + NONE) * 2 + b"u"),
        pickled(b")Na"),
        pickled(b"}(NNe"),
        pickled(b"]" + text("a") + b"Ns"),
        pickled(NONE + b")R"),
        pickled(text("os") + b")R"),
        pickled(named("torch", "float32") + b")R"),
        pickled(named("torch", "Tensor") + b")R"),
        pickled(named("torch.nn.parameter", "Parameter") + b")R"),
        pickled(named("torch", "FloatStorage") + b")R"),
        pickled(named("torch", "Size") + b"]R"),
        pickled(named("torch", "Size") + number(1) + b"\x85R"),
        pickled(named("torch", "Size") + NONE + b"\x85\x85R"),
        pickled(named("collections", "OrderedDict") + b"]\x85R"),
        pickled(b"}" + META + BUILD),
        pickled(b"]" + META + BUILD),
        pickled(named("collections", "OrderedDict") + META + BUILD),
        pickled(tensor() + b"}" + BUILD),
        pickled(ORDERED_DICT + NONE + META + b"\x86" + BUILD),
        pickled(ORDERED_DICT + b"}" + text("items") + NONE + b"s" + BUILD),
        pickled(ORDERED_DICT + b"}" + text("__class__") + NONE + b"s" + BUILD),
        pickled(ORDERED_DICT + dict_of(**{f"a{i}": NONE for i in range(65)}) + BUILD),
        pickled(NONE + b"Q"),
        pickled(text("0") + b"Q"),
        pickled(b")Q"),
        pickled(b"]Q"),
        pickled(tuple_of(text("storage")) + b"Q"),
        pickled(tuple_of(text("module"), named("torch", "FloatStorage"), text("0"), text("cpu"), number(2)) + b"Q"),
        pickled(tuple_of(text("storage"), named("torch", "float32"), text("0"), text("cpu"), number(2)) + b"Q"),
        pickled(tuple_of(text("storage"), text("FloatStorage"), text("0"), text("cpu"), number(2)) + b"Q"),
        pickled(tuple_of(text("storage"), named("torch", "FloatStorage"), number(0), text("cpu"), number(2)) + b"Q"),
        pickled(storage(key="../0")),
        pickled(storage(key="")),
        pickled(storage(key="٣")),
        pickled(storage(device="cpu; rm -rf /")),
        pickled(storage()[:-2] + NONE + b"tQ"),
        pickled(number(1) + number(2) + b"\x93"),
    ],
)  # fmt: skip
def test_malformed(data: bytes) -> None:
    assert refused(data) == "pickle.malformed"


def test_what_runs_in_the_background_of_another_value_is_found() -> None:
    """In attributes, in arguments that nobody uses, in keys, in the memo alone: everything is carried out."""
    for piece in (
        ORDERED_DICT + b"}" + text("_metadata") + CALLS_SYSTEM + b"s" + BUILD,
        tensor(tail=FALSE + ORDERED_DICT + CALLS_SYSTEM),
        tensor(tail=FALSE + CALLS_SYSTEM),
        b"}" + CALLS_SYSTEM + NONE + b"s",
        dict_of(a=tuple_of(CALLS_SYSTEM)),
        tensor() + CALLS_SYSTEM,
    ):
        assert refused(pickled(piece)) == "pickle.global"


def test_nothing_is_called(tmp_path: Any) -> None:
    """The same bytes do run something in Python's own unpickler, so that this test could fail."""
    mark = tmp_path / "ran"
    data = pickled(named("os", "mkdir") + tuple_of(text(str(mark))) + REDUCE)
    assert refused(data) == "pickle.global"
    assert not mark.exists()
    subprocess.run([sys.executable, "-c", f"import pickle; pickle.loads({data!r})"], check=True)
    assert mark.exists()


def test_depth_is_bounded() -> None:
    assert refused(pickled(MARK * 65 + b"t" * 65)) == "pickle.too-large"
    assert run(pickled(MARK * 64 + b"t" * 64), "f.bin") is not None


def test_endless_nesting_without_marks_is_only_data() -> None:
    deep = run(pickled(b")" + b"\x85" * 100_000), "f.bin")
    assert type(deep) is tuple
    chain = run(pickled(b"]q\x00h\x00a"), "f.bin")
    assert isinstance(chain, list)
    assert chain[0] is chain


def test_a_bomb_of_references_stays_small() -> None:
    """Each list holds the one before ten times: 10^40 leaves in 200 steps."""
    piece = b"]q\x00" + b"".join(
        b"](" + b"h" + bytes([level]) + (b"h" + bytes([level])) * 9 + b"eq" + bytes([level + 1]) for level in range(40)
    )
    stack = b"(" + piece + b"t"
    assert run(pickled(stack), "f.bin") is not None


def test_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickled(b"}")
    monkeypatch.setattr(machine, "MOST_BYTES", len(data))
    assert run(data, "f.bin") == {}
    assert refused(data[:-1] + b"}.") == "pickle.too-large"


def test_values_are_of_known_types_alone() -> None:
    state = run(pickled(dict_of(a=tensor(), b=tuple_of(TRUE, NONE, number(5)), c=ORDERED_DICT)), "f.bin")
    assert isinstance(state, dict)
    assert [type(value) for value in state.values()] == [View, tuple, Ordered]
