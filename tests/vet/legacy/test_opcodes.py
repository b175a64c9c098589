"""The reading of instructions: what there is agrees with CPython's own list and reader; the rest ends the reading."""

from __future__ import annotations

import pickle
import pickletools
from collections import OrderedDict

import pytest
from helpers.bins import dict_of, pickled, tensor, text
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.errors import RefusedError
from sanitizer.vet.legacy import opcodes
from sanitizer.vet.legacy.opcodes import ALLOWED, CALLING, Instruction, instructions

THEIRS = {ord(op.code): op for op in pickletools.opcodes}
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 64), 1 << 64) | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


def read(data: bytes) -> list[Instruction]:
    return list(instructions(data, "f.bin"))


def refused(data: bytes) -> str:
    with pytest.raises(RefusedError) as caught:
        read(data)
    return caught.value.findings[0].rule


def test_the_names_are_those_of_cpython() -> None:
    assert {code: name for code, (name, _) in ALLOWED.items()} == {code: THEIRS[code].name for code in ALLOWED}
    assert dict(CALLING) == {code: THEIRS[code].name for code in CALLING}
    assert not ALLOWED.keys() & CALLING.keys()


def test_whatever_gives_an_object_that_the_pickle_does_not_spell_out_is_carried_out_or_watched() -> None:
    """By CPython's own description of what each instruction leaves on the stack."""
    anything = {op.name for op in pickletools.opcodes if pickletools.anyobject in op.stack_after}
    copies = {"DUP", "GET", "BINGET", "LONG_BINGET", "MEMOIZE"}
    guarded = {"GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "BINPERSID"}
    assert anything - copies == guarded | set(CALLING.values()) | {"PERSID"}
    assert ord("P") not in ALLOWED


@pytest.mark.parametrize("code", sorted(THEIRS.keys() - ALLOWED.keys()))
def test_every_other_instruction_of_the_language_is_refused(code: int) -> None:
    rule = "pickle.call" if code in CALLING else "pickle.opcode"
    assert refused(b"\x80\x02" + bytes([code]) + b"\x01\x00\x00\x00\x00\x00\x00\x00." * 4) == rule


@pytest.mark.parametrize("code", sorted(set(range(256)) - THEIRS.keys()))
def test_bytes_that_are_no_instruction_are_refused(code: int) -> None:
    assert refused(bytes([code, 0, 0, 0])) == "pickle.opcode"


@given(PLAIN, st.sampled_from([2, 3, 4, 5]))
def test_what_a_pickler_writes_reads_as_cpython_reads_it(value: object, protocol: int) -> None:
    data = pickle.dumps(OrderedDict(a=value), protocol)
    try:
        ours = read(data)
    except RefusedError as error:
        # Long integers, and halves of surrogate pairs, are no part of a state dict.
        assert error.findings[0].rule == "pickle.malformed"
        return
    assert [(i.name, repr(i.argument), i.position) for i in ours] == [
        (op.name, repr(argument), position) for op, argument, position in pickletools.genops(data)
    ]


@given(st.data())
def test_what_is_read_of_spoilt_bytes_cpython_reads_alike(data: st.DataObject) -> None:
    protocol = data.draw(st.sampled_from([2, 4]))
    spoilt = bytearray(pickle.dumps({"a": [1, 2.5, "b" * 70, (None, True)], "c": {"d": -(1 << 40)}}, protocol))
    for _ in range(data.draw(st.integers(1, 3))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.sampled_from(sorted(ALLOWED)))
    try:
        ours = read(bytes(spoilt))
    except RefusedError:
        return
    assert [(i.name, repr(i.argument), i.position) for i in ours] == [
        (op.name, repr(argument), position) for op, argument, position in pickletools.genops(bytes(spoilt))
    ]


@pytest.mark.parametrize("cut", range(len(pickled(dict_of(a=tensor())))))
def test_cut_off_anywhere_is_refused(cut: int) -> None:
    assert refused(pickled(dict_of(a=tensor()))[:cut]) == "pickle.malformed"


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02}..",
        b"\x80\x02}.\0",
        b"\x80\x02X\xff\xff\xff\xff.",
        b"\x80\x02X\x02\0\0\0\xc3\x28.",
        b"\x80\x02\x8a\xffaaaa.",
        b"\x80\x02\x8a\x0a" + bytes(10) + b".",
        b"\x80\x02cos\nsys tem\n.",
        b"\x80\x02cos\n\n.",
        b"\x80\x02c" + b"a" * 300 + b"\nb\n.",
        b"\x80\x04\x95\x03\0\0\0\0\0\0\0K\x01K\x01.",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xff}.",
        b"\x80\x04\x95\x0b\0\0\0\0\0\0\0\x95\x02\0\0\0\0\0\0\0}.",
    ],
    ids=[
        "second stop", "after stop", "string bomb", "not utf-8", "short integer", "long integer", "space in a name",
        "empty name", "long name", "crosses its frame", "frame of 2^64", "nested frames",
    ],
)  # fmt: skip
def test_malformed(data: bytes) -> None:
    assert refused(data) == "pickle.malformed"


def test_what_follows_a_frame_need_not_be_framed() -> None:
    names = [i.name for i in read(b"\x80\x04\x95\x02\0\0\0\0\0\0\0K\x01K\x01.")]
    assert names == ["PROTO", "FRAME", "BININT1", "BININT1", "STOP"]


def test_steps_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opcodes, "MOST_STEPS", 100)
    assert len(read(b"\x80\x02" + b"N" * 98 + b".")) == 100
    assert refused(b"\x80\x02" + b"N" * 99 + b".") == "pickle.too-large"


def test_refusals_say_what_and_where() -> None:
    with pytest.raises(RefusedError) as caught:
        read(b"\x80\x02(" + text("id") + b"ios\nsystem\n.")
    assert "INST at byte 10" in caught.value.message
    assert caught.value.findings[0].file == "f.bin"
