"""What any pickle would import and call, told without doing it, as far as it can be followed.

The whole language is known here, its old text forms too, and all that is kept of a value is whether it is a string:
nothing is built. Python carries a pickle out until it fails, so what comes before a failure counts.
Source: Lib/pickletools.py of CPython
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from sanitizer.vet.legacy.opcodes import MOST_STEPS

HIDDEN = "a name that the pickle puts together"
FEWEST_STEPS, FEWEST_KINDS = 64, 4
"""A beginning of a file is a pickle's if it makes sense for so many instructions of so many kinds."""


@dataclass(frozen=True)
class Trace:
    """The names (`module.name`) in order, whether anything is called or built, and how far (in bytes) it made sense."""

    names: tuple[str, ...] = ()
    calls: bool = False
    ended: bool = False
    cut_off: bool = False
    length: int = 0
    steps: int = 0
    kinds: int = 0

    @property
    def is_pickle(self) -> bool:
        """Whether that can hardly be chance: text and other formats fail within a few instructions."""
        goes_on = self.cut_off and self.steps >= FEWEST_STEPS and self.kinds >= FEWEST_KINDS
        return self.calls or goes_on or (bool(self.names) and self.ended)


_FIXED = {b"\x80K": 1, b"M": 2, b"J": 4, b"\x95G": 8, b"q": 1, b"h": 1, b"rj": 4, b"\x82": 1, b"\x83": 2, b"\x84": 4}
_COUNTED = {b"\x8c": "<B", b"X": "<I", b"\x8d": "<Q", b"\x8a": "<B", b"\x8b": "<i", b"TB": "<I", b"UC": "<B"}
_COUNTED |= {b"\x8e\x96": "<Q"}
_LINES = {b"ILFSVPpg": 1, b"ci": 2}
_WIDTH = {code: width for codes, width in _FIXED.items() for code in codes}
_LENGTH = {code: struct.Struct(form) for codes, form in _COUNTED.items() for code in codes}
_LINE = {code: number for codes, number in _LINES.items() for code in codes}
_STRINGS = frozenset(b"\x8cX\x8dSVUT")
_PUSHES = frozenset(b"\x8aKMJG\x8bILFBC\x8e\x96N\x88\x89)]}\x8fP\x97" + bytes(_STRINGS))
_NUMBERS = frozenset(b"IL")
_LONGEST_LINE = 4096


class _BrokenError(ValueError):
    pass


class _EndError(ValueError):
    """The bytes at hand end within an instruction."""


def trace(data: bytes) -> Trace:
    """Follow the pickle at the beginning of `data`. Nothing is raised: what cannot be is where following ends."""
    follower = _Follower(data)
    kinds: set[int] = set()
    steps = 0
    ended = cut_off = False
    try:
        while steps < MOST_STEPS and not ended:
            code = follower.step()
            kinds.add(code)
            steps += 1
            ended = code == ord(".")
    except _EndError:
        cut_off = True
    except (_BrokenError, IndexError):
        pass
    return Trace(tuple(follower.names), follower.calls, ended, cut_off, follower.at, steps, len(kinds))


class _Follower:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.names: list[str] = []
        self.calls = False
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[Any, Any] = {}

    def step(self) -> int:
        """Follow one instruction and return its code."""
        if self.at >= len(self.data):
            raise _EndError
        code = self.data[self.at]
        self.at += 1
        argument = self._argument(code)
        if code in _PUSHES:
            self.stack.append(argument if code in _STRINGS else None)
        else:
            self._act(code, argument)
        return code

    def _argument(self, code: int) -> Any:
        if code in _LENGTH:
            form = _LENGTH[code]
            (length,) = form.unpack(self._take(form.size))
            if length < 0:
                raise _BrokenError
            raw = self._take(length)
            return raw.decode("utf-8", "replace") if code in _STRINGS else None
        if code in _LINE:
            words = [self._line() for _ in range(_LINE[code])]
            if code in _NUMBERS and not words[0].rstrip("L").lstrip("-").isdigit():
                raise _BrokenError
            if code == ord("S") and (len(words[0]) < 2 or words[0][0] != words[0][-1] or words[0][0] not in "'\""):
                raise _BrokenError
            return words[0].strip("'\"") if code == ord("S") else ".".join(words)
        return self._take(_WIDTH.get(code, 0))

    def _take(self, count: int) -> bytes:
        raw = self.data[self.at : self.at + count]
        if len(raw) < count:
            raise _EndError
        self.at += count
        return raw

    def _line(self) -> str:
        end = self.data.find(b"\n", self.at, self.at + _LONGEST_LINE)
        if end < 0:
            raise _EndError if len(self.data) - self.at < _LONGEST_LINE else _BrokenError
        raw, self.at = self.data[self.at : end], end + 1
        return raw.decode("utf-8", "replace")

    def _since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.below.pop()
        return items

    def _pop(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise _BrokenError
        items = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return items

    def _called(self, count: int) -> None:
        self._pop(count)
        self.calls = True
        self.stack.append(None)

    def _act(self, code: int, argument: Any) -> None:
        match chr(code):
            case "\x80" | "\x95":  # PROTO, FRAME
                pass
            case ".":
                self._pop(1)
            case "(":
                self.below.append(self.stack)
                self.stack = []
            case "t" | "l" | "d" | "\x91":  # a container of everything since the mark
                self._since_mark()
                self.stack.append(None)
            case "1":
                self._since_mark()
            case "0":
                if self.stack:
                    self.stack.pop()
                else:
                    self._since_mark()
            case "2":
                self.stack.append(self.stack[-1])
            case "\x85" | "\x86" | "\x87":
                self._pop(code - 0x84)
                self.stack.append(None)
            case "a":
                self._pop(1)
                self.stack[-1]
            case "s":
                self._pop(2)
                self.stack[-1]
            case "e" | "u" | "\x90":
                self._since_mark()
                self.stack[-1]
            case "q" | "r" | "p":
                key = int.from_bytes(argument, "little") if isinstance(argument, bytes) else self._place(argument)
                self.memo[key] = self.stack[-1]
            case "\x94":
                self.memo[len(self.memo)] = self.stack[-1]
            case "h" | "j" | "g":
                key = int.from_bytes(argument, "little") if isinstance(argument, bytes) else self._place(argument)
                if key not in self.memo:
                    raise _BrokenError
                self.stack.append(self.memo[key])
            case "c":
                self.names.append(argument)
                self.stack.append(None)
            case "\x93":
                module, name = self._pop(2)
                self.names.append(f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else HIDDEN)
                self.stack.append(None)
            case "\x82" | "\x83" | "\x84":
                self.names.append("the extension registry")
                self.stack.append(None)
            case "i":
                self._since_mark()
                self.names.append(argument)
                self.calls = True
                self.stack.append(None)
            case "o":
                if not self._since_mark():
                    raise _BrokenError
                self._called(0)
            case "R" | "\x81":
                self._called(2)
            case "\x92":
                self._called(3)
            case "b":
                self._pop(1)
                self.stack[-1]
                self.calls = True
            case "Q":
                self._pop(1)
                self.stack.append(None)
            case "\x98":
                self.stack[-1]
            case _:
                raise _BrokenError

    def _place(self, word: str) -> int:
        if not word.isdigit():
            raise _BrokenError
        return int(word[:9])
