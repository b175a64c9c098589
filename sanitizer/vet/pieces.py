"""sentencepiece models: protocol buffers, walked by hand as far as the pieces and their scores.

The message is ModelProto of https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto:
field 1 are pieces (1 text, 2 score, 3 type), 2 the trainer's words, 3 and 5 normalizers, 4 a self-test.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from sanitizer.checkpoint import Checkpoint
from sanitizer.vet.rules import Rule, Verdict
from sanitizer.vet.text import read_bytes

MOST_PIECES, LONGEST_PIECE = 1 << 21, 4096
_PIECE, _FIELDS = 1, frozenset({1, 2, 3, 4, 5})
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

PIECES = Rule(
    "tokenizer.pieces",
    "high",
    "not a sentencepiece model from beginning to end",
    "ask the author for the tokenizer that training wrote",
    why="The library that reads it is C++ and trusts the message; what follows or hides in it would be carried along.",
    sources=("https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto",),
)


class _BrokenError(ValueError):
    pass


def examine(checkpoint: Checkpoint, name: str) -> Verdict:
    """Whether it is one message of known fields with finite scores. Raises RefusedError if not."""
    data = read_bytes(checkpoint, name)
    try:
        number = _pieces(data)
    except _BrokenError as error:
        raise PIECES.refuse(name, str(error)) from error
    return Verdict("kept", f"a sentencepiece model of {number} pieces")


def _pieces(data: bytes) -> int:
    number = 0
    for field, wire, begin, end in _fields(data, 0, len(data)):
        if field not in _FIELDS or wire != _BYTES:
            raise _BrokenError(f"a field {field} that such a model does not have")
        if field == _PIECE:
            number += 1
            _check_piece(data, begin, end)
    if not 0 < number <= MOST_PIECES:
        raise _BrokenError(f"{number} pieces")
    return number


def _check_piece(data: bytes, begin: int, end: int) -> None:
    named = False
    for field, wire, start, stop in _fields(data, begin, end):
        match field, wire:
            case 1, 2:
                named = True
                if stop - start > LONGEST_PIECE:
                    raise _BrokenError(f"a piece of {stop - start} bytes")
                try:
                    data[start:stop].decode("utf-8")
                except UnicodeDecodeError:
                    raise _BrokenError("a piece that is not UTF-8") from None
            case 2, 5:
                (score,) = struct.unpack("<f", data[start:stop])
                if not math.isfinite(score):
                    raise _BrokenError("a score that is not finite")
            case 3, 0:
                pass
            case _:
                raise _BrokenError(f"a piece with a field {field} that pieces do not have")
    if not named:
        raise _BrokenError("a piece without a text")


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Field number, wire type, and where the value begins and ends, until exactly `end`."""
    while at < end:
        key, at = _varint(data, at, end)
        field, wire = key >> 3, key & 7
        if wire == _BYTES:
            length, at = _varint(data, at, end)
            stop = at + length
        elif wire == _VARINT:
            _, stop = _varint(data, at, end)
        elif wire in (_FIXED32, _FIXED64):
            stop = at + (4 if wire == _FIXED32 else 8)
        else:
            raise _BrokenError(f"a wire type {wire}")
        if stop > end or field == 0:
            raise _BrokenError("a value that leads out of its message")
        yield field, wire, at, stop
        at = stop


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _BrokenError("a number without an end")
