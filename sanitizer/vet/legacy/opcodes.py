"""Which instructions a state dict's pickle consists of, and how they are read. Reading does nothing.

The list is what Python's pickler writes in protocols 2 to 5 for dicts of tensors. Everything else in the language
(old text forms, sets, bytes, objects made by class, extension registries) ends the reading.
Source: https://peps.python.org/pep-3154/, the comments of CPython's Lib/pickletools.py
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from sanitizer.vet.rules import Rule

MOST_STEPS = 2_000_000
"""Instructions of one pickle: about fifty thousand tensors."""

_ASK = "ask the author for safetensors; nothing was loaded"
OPCODE = Rule(
    "pickle.opcode",
    "high",
    "the pickle holds an instruction that no state dict needs",
    _ASK,
    why="The pickle language can import and call anything; a state dict needs little of it.",
    sources=("https://docs.python.org/3/library/pickle.html",),
)
CALL = Rule(
    "pickle.call",
    "high",
    "the pickle holds an instruction that makes an object of any class, or calls what makes it",
    "do not load this file with anything; ask the author for safetensors",
    why="What a pickle names is imported, and mostly called, with arguments of the author's choice.",
    sources=("https://docs.python.org/3/library/pickle.html",),
)
MALFORMED = Rule(
    "pickle.malformed",
    "high",
    "not a pickle that torch.save writes",
    _ASK,
    why="Where readers disagree on what a pickle says, one of them shows what the other does not load.",
)
TOO_LARGE = Rule(
    "pickle.too-large",
    "high",
    f"more than {MOST_STEPS:,} instructions, or a structure larger than tensors' names and shapes need",
    _ASK,
    why="A small pickle can describe a structure that fills the memory.",
    sources=("https://cwe.mitre.org/data/definitions/400.html",),
)

LONGEST_INTEGER = 9
"""Bytes: an unsigned integer of 64 bits with its sign."""
_LONGEST_LINE = 256
_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_.]*")


class Instruction(NamedTuple):
    """One instruction, its argument if it has one, and the byte it begins at."""

    name: str
    argument: Any
    position: int


def _fixed(layout: str) -> Callable[[bytes, int], tuple[Any, int]]:
    packed = struct.Struct(layout)

    def read(data: bytes, at: int) -> tuple[Any, int]:
        return packed.unpack_from(data, at)[0], at + packed.size

    return read


def _counted(layout: str) -> Callable[[bytes, int], tuple[bytes, int]]:
    count = _fixed(layout)

    def read(data: bytes, at: int) -> tuple[bytes, int]:
        size, begin = count(data, at)
        if size > len(data) - begin:
            raise IndexError
        return data[begin : begin + size], begin + size

    return read


def _text(layout: str) -> Callable[[bytes, int], tuple[str, int]]:
    raw = _counted(layout)

    def read(data: bytes, at: int) -> tuple[str, int]:
        text, end = raw(data, at)
        return text.decode("utf-8"), end

    return read


def _integer(data: bytes, at: int) -> tuple[int, int]:
    raw, end = _counted("<B")(data, at)
    if len(raw) > LONGEST_INTEGER:
        raise ValueError(f"an integer of {len(raw)} bytes")
    return int.from_bytes(raw, "little", signed=True), end


def _two_lines(data: bytes, at: int) -> tuple[str, int]:
    words = []
    for _ in range(2):
        end = data.index(b"\n", at, at + _LONGEST_LINE)
        if not _WORD.fullmatch(data, at, end):
            raise ValueError("a name that is no name of Python")
        words.append(data[at:end].decode("ascii"))
        at = end + 1
    return " ".join(words), at


def _nothing(data: bytes, at: int) -> tuple[None, int]:
    return None, at


ALLOWED: Mapping[int, tuple[str, Callable[[bytes, int], tuple[Any, int]]]] = MappingProxyType(
    {
        0x80: ("PROTO", _fixed("<B")),
        0x95: ("FRAME", _fixed("<Q")),
        ord("."): ("STOP", _nothing),
        ord("N"): ("NONE", _nothing),
        0x88: ("NEWTRUE", _nothing),
        0x89: ("NEWFALSE", _nothing),
        ord("K"): ("BININT1", _fixed("<B")),
        ord("M"): ("BININT2", _fixed("<H")),
        ord("J"): ("BININT", _fixed("<i")),
        0x8A: ("LONG1", _integer),
        ord("G"): ("BINFLOAT", _fixed(">d")),
        0x8C: ("SHORT_BINUNICODE", _text("<B")),
        ord("X"): ("BINUNICODE", _text("<I")),
        ord("("): ("MARK", _nothing),
        ord(")"): ("EMPTY_TUPLE", _nothing),
        0x85: ("TUPLE1", _nothing),
        0x86: ("TUPLE2", _nothing),
        0x87: ("TUPLE3", _nothing),
        ord("t"): ("TUPLE", _nothing),
        ord("]"): ("EMPTY_LIST", _nothing),
        ord("a"): ("APPEND", _nothing),
        ord("e"): ("APPENDS", _nothing),
        ord("}"): ("EMPTY_DICT", _nothing),
        ord("s"): ("SETITEM", _nothing),
        ord("u"): ("SETITEMS", _nothing),
        ord("q"): ("BINPUT", _fixed("<B")),
        ord("r"): ("LONG_BINPUT", _fixed("<I")),
        0x94: ("MEMOIZE", _nothing),
        ord("h"): ("BINGET", _fixed("<B")),
        ord("j"): ("LONG_BINGET", _fixed("<I")),
        ord("c"): ("GLOBAL", _two_lines),
        0x93: ("STACK_GLOBAL", _nothing),
        ord("Q"): ("BINPERSID", _nothing),
        ord("R"): ("REDUCE", _nothing),
        ord("b"): ("BUILD", _nothing),
    }
)
"""Byte -> name, and how its argument is read: from the byte after it to the byte after the argument."""

CALLING: Mapping[int, str] = MappingProxyType(
    {
        ord("i"): "INST",
        ord("o"): "OBJ",
        0x81: "NEWOBJ",
        0x92: "NEWOBJ_EX",
        0x82: "EXT1",
        0x83: "EXT2",
        0x84: "EXT4",
    }
)
"""Instructions that import or call, and that a state dict does not need."""


def instructions(data: bytes, file: str, *, more: bool = False) -> Iterator[Instruction]:
    """Read up to STOP, after which nothing follows but for `more`.

    Raises RefusedError for what is not allowed, cut off, or not framed as it says.
    """
    at, frame, size = 0, 0, len(data)
    for _ in range(MOST_STEPS):
        if at >= size:
            raise MALFORMED.refuse(file, "it ends without an end")
        begin, known = at, ALLOWED.get(data[at])
        if data[at] in CALLING:
            raise CALL.refuse(file, f"{CALLING[data[at]]} at byte {at}")
        if known is None:
            raise OPCODE.refuse(file, f"0x{data[at]:02x} at byte {at}")
        name, read = known
        try:
            argument, at = read(data, at + 1)
        except (struct.error, IndexError, ValueError) as error:  # UnicodeDecodeError is a ValueError
            raise MALFORMED.refuse(file, f"{name} at byte {begin} has no valid argument") from error
        if begin < frame < at:
            raise MALFORMED.refuse(file, f"{name} at byte {begin} reaches out of its frame")
        if name == "FRAME":
            if begin < frame or argument > size - at:
                raise MALFORMED.refuse(file, f"a frame at byte {begin} that cannot be")
            frame = at + argument
        if name == "STOP" and at != size and not more:
            raise MALFORMED.refuse(file, f"{size - at} bytes after its end")
        yield Instruction(name, argument, begin)
        if name == "STOP":
            return
    raise TOO_LARGE.refuse(file)
