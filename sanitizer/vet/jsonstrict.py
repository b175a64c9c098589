"""JSON as the standard has it, and no more: one meaning for every reader, and small enough to hold.

Python's parser takes NaN, keeps the last of two equal keys and decodes UTF-16; other parsers do not, so a file could
mean one thing to the gate and another to the library. Python's recursion limit is hit by nesting and becomes a finding.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any, NoReturn

from sanitizer.checkpoint import Checkpoint
from sanitizer.vet.rules import Rule

MiB = 1 << 20
DEEPEST = 64
LONGEST_NUMBER = 40
"""Characters. Tokenizers write int(1e30) for "no limit", which has 31."""
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

INVALID = Rule(
    "json.invalid",
    "high",
    "not valid JSON",
    "ask the author for a file that a JSON parser accepts",
    why="Lenient parsers read something into it, each something else.",
    sources=("https://www.rfc-editor.org/rfc/rfc8259",),
)
TWINS = Rule(
    "json.duplicate-key",
    "high",
    "a key is given twice in one object, so two readers may see two values",
    "ask the author for a file without duplicate keys",
    why="Parsers disagree on which value counts: the one that is vetted need not be the one that is loaded.",
    sources=("https://www.rfc-editor.org/rfc/rfc8259",),
)
NUMBER = Rule(
    "json.number",
    "high",
    "a number that JSON does not have or that nobody can mean",
    "ask the author for a file without NaN, infinities and giant integers",
    why="NaN and infinity slip through comparisons; giant integers take minutes to parse or overflow.",
    sources=("https://www.rfc-editor.org/rfc/rfc8259",),
)
DEPTH = Rule(
    "json.depth",
    "high",
    f"nested deeper than {DEEPEST} levels",
    "no honest file needs this; do not use it",
    why="Deep nesting exhausts the stack of recursive parsers.",
    sources=("https://cwe.mitre.org/data/definitions/674.html",),
)
SIZE = Rule(
    "json.too-large",
    "high",
    "far larger than a file of this name can need to be",
    "do not use it",
    why="Parsing takes many times the file's size in memory.",
    sources=("https://cwe.mitre.org/data/definitions/400.html",),
)
SHAPE = Rule(
    "json.shape",
    "high",
    "not the structure that a file of this name has",
    "ask the author for a valid file",
    why="A loader that expects another structure fails in ways nobody has tested.",
)


def read_object(checkpoint: Checkpoint, name: str, cap: int) -> dict[str, Any]:
    """The JSON object in a file of at most `cap` bytes. Raises RefusedError for anything else."""
    size = checkpoint.files[name].size
    if size > cap:
        raise SIZE.refuse(name, f"{size} bytes, at most {cap} are read")
    return parse_object(checkpoint.read(name), name)


def parse_object(data: bytes, file: str) -> dict[str, Any]:
    """The JSON object in `data`. Raises RefusedError for anything else; `file` is named in it."""
    value = parse(data, file)
    if not isinstance(value, dict):
        raise SHAPE.refuse(file, "the outermost value is not an object")
    return value


def parse(data: bytes, file: str) -> Any:
    """The JSON value in `data`, of any kind. Raises RefusedError for anything else; `file` is named in it."""

    def number(word: str) -> NoReturn:
        raise NUMBER.refuse(file, word)

    def integer(digits: str) -> int:
        return int(digits) if len(digits) <= LONGEST_NUMBER and digits != "-0" else number(digits)

    def real(digits: str) -> float:
        value = float(digits)
        return value if math.isfinite(value) else number(digits)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise TWINS.refuse(file, Counter(key for key, _ in pairs).most_common(1)[0][0])
        return found

    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=unique,
            parse_constant=number,
            parse_int=integer,
            parse_float=real,
        )
    except UnicodeDecodeError as error:
        raise INVALID.refuse(file, f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise INVALID.refuse(file, f"{error.msg} at line {error.lineno}") from error
    except RecursionError as error:
        raise DEPTH.refuse(file) from error
    if isinstance(value, dict | list) and _deeper(value):
        raise DEPTH.refuse(file)
    if _SURROGATE.search(data) and not _encodable(value):
        raise INVALID.refuse(file, "half of a surrogate pair is no character")
    return value


def dump(value: dict[str, Any]) -> bytes:
    """JSON as transformers writes it, in the order of `value`. `parse_object(dump(v)) == v`."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def _encodable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _deeper(value: dict[str, Any] | list[Any]) -> bool:
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
