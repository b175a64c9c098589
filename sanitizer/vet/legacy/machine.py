"""The machine that carries out a pickle's instructions: a stack, marks and a memo, as the language has them.

It makes plain data and descriptions of tensors. It is stricter than Python's where a pickler never goes: keys of dicts
are strings and given once, the memo is written once, tuples and calls hold what `rebuild` understands, and only an
OrderedDict takes attributes, which are left out.
Source: https://docs.python.org/3/library/pickle.html, CPython's Lib/pickle.py
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sanitizer.vet.legacy import rebuild
from sanitizer.vet.legacy.names import look_up
from sanitizer.vet.legacy.opcodes import MALFORMED, TOO_LARGE, instructions
from sanitizer.vet.legacy.values import Ordered

PROTOCOLS = range(2, 6)
MOST_BYTES = 16 << 20
DEEPEST = 64
"""Marks open at once; dicts of tensors need five."""

MOST_ATTRIBUTES = 64

_ATTRIBUTES_OF_ALL = frozenset(dir(OrderedDict))


def run(data: bytes, file: str) -> object:
    """What the pickle in `data` describes: of dicts, lists, tuples, strings, numbers, None, Views and Storages.

    Raises RefusedError for everything that is not a protocol 2 to 5 pickle of exactly that.
    """
    if len(data) > MOST_BYTES:
        raise TOO_LARGE.refuse(file, f"{len(data)} bytes")
    return _Machine(file).run(data)


def run_old(data: bytes, file: str, pickles: int) -> None:
    """Carry out the first `pickles` of those that lie one behind the other, as torch before 1.6 wrote them.

    Raises RefusedError where `run` does.
    """
    at = 0
    for _ in range(pickles):
        machine = _Machine(file, old=True)
        machine.run(data[at:])
        at += machine.end


class _Machine:
    def __init__(self, file: str, *, old: bool = False) -> None:
        self.file = file
        self.old = old
        self.end = 0
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def run(self, data: bytes) -> object:
        protocol = 0
        for name, argument, position in instructions(data, self.file, more=self.old):
            if name == "PROTO":
                if position or argument not in PROTOCOLS:
                    raise MALFORMED.refuse(self.file, f"protocol {argument} at byte {position}")
                protocol = argument
            elif name == "STOP":
                self.end = position + 1
                break
            elif name != "FRAME":
                try:
                    _STEPS[name](self, argument)
                except IndexError as error:
                    raise MALFORMED.refuse(self.file, f"{name} at byte {position} finds too little") from error
        if not protocol or len(self.stack) != 1 or self.below:
            raise MALFORMED.refuse(self.file, "it does not end with one value")
        return self.stack[0]

    def push(self, value: object) -> None:
        self.stack.append(value)

    def mark(self, _: None) -> None:
        if len(self.below) == DEEPEST:
            raise TOO_LARGE.refuse(self.file, f"nested deeper than {DEEPEST} levels")
        self.below.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.below.pop()
        return items

    def last(self, count: int) -> None:
        items = tuple(self.stack[-count:])
        if len(items) < count:
            raise IndexError
        self.stack[-count:] = [items]

    def append(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise MALFORMED.refuse(self.file, "something is appended to what is no list")
        target.extend(items)

    def set(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise MALFORMED.refuse(self.file, "keys and values are set in what is no dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) is not str:
                raise MALFORMED.refuse(self.file, f"a key of type {type(key).__name__}, not a string")
            if key in target:
                raise MALFORMED.refuse(self.file, f"the key {key} is given twice")
            target[key] = value

    def remember(self, place: int) -> None:
        if place in self.memo:
            raise MALFORMED.refuse(self.file, f"place {place} of the memo is written twice")
        self.memo[place] = self.stack[-1]

    def recall(self, place: int) -> None:
        if place not in self.memo:
            raise MALFORMED.refuse(self.file, f"place {place} of the memo is empty")
        self.push(self.memo[place])

    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise MALFORMED.refuse(self.file, "a name that is no string")
        self.push(look_up(f"{module} {name}", self.file))

    def persistent(self) -> None:
        identity = self.stack.pop()
        if self.old and type(identity) is tuple and identity[5:] == (None,):  # no view of another storage
            identity = identity[:5]
        self.push(rebuild.storage(identity, self.file))

    def reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        self.push(rebuild.call(function, arguments, self.file))

    def build(self) -> None:
        attributes, target = self.stack.pop(), self.stack[-1]
        fit = isinstance(target, Ordered) and type(attributes) is dict and len(attributes) <= MOST_ATTRIBUTES
        if not fit or not _ATTRIBUTES_OF_ALL.isdisjoint(attributes):
            raise MALFORMED.refuse(self.file, "attributes that are no attributes of an OrderedDict")


_STEPS: Mapping[str, Callable[[_Machine, Any], None]] = MappingProxyType(
    {
        "NONE": _Machine.push,
        "NEWTRUE": lambda machine, _: machine.push(True),
        "NEWFALSE": lambda machine, _: machine.push(False),
        **dict.fromkeys(("BININT1", "BININT2", "BININT", "LONG1", "BINFLOAT"), _Machine.push),
        **dict.fromkeys(("SHORT_BINUNICODE", "BINUNICODE"), _Machine.push),
        "MARK": _Machine.mark,
        "EMPTY_TUPLE": lambda machine, _: machine.push(()),
        "TUPLE1": lambda machine, _: machine.last(1),
        "TUPLE2": lambda machine, _: machine.last(2),
        "TUPLE3": lambda machine, _: machine.last(3),
        "TUPLE": lambda machine, _: machine.push(tuple(machine.since_mark())),
        "EMPTY_LIST": lambda machine, _: machine.push([]),
        "APPEND": lambda machine, _: machine.append([machine.stack.pop()]),
        "APPENDS": lambda machine, _: machine.append(machine.since_mark()),
        "EMPTY_DICT": lambda machine, _: machine.push({}),
        "SETITEM": lambda machine, _: machine.set([machine.stack.pop(), machine.stack.pop()][::-1]),
        "SETITEMS": lambda machine, _: machine.set(machine.since_mark()),
        **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _Machine.remember),
        "MEMOIZE": lambda machine, _: machine.remember(len(machine.memo)),
        **dict.fromkeys(("BINGET", "LONG_BINGET"), _Machine.recall),
        "GLOBAL": lambda machine, name: machine.push(look_up(name, machine.file)),
        "STACK_GLOBAL": lambda machine, _: machine.stack_global(),
        "BINPERSID": lambda machine, _: machine.persistent(),
        "REDUCE": lambda machine, _: machine.reduce(),
        "BUILD": lambda machine, _: machine.build(),
    }
)
