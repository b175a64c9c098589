"""Weights of other frameworks: whether they hold what those frameworks would run. They are left behind in any case.

Known marks are looked for in the bytes, no more: a file without one may still be dangerous to its own framework.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sanitizer.checkpoint import CHUNK
from sanitizer.report import Finding
from sanitizer.vet.magic import sniff_file
from sanitizer.vet.rules import Rule
from sanitizer.vet.template import LONGEST, judge

CODE = Rule(
    "files.foreign-code",
    "high",
    "another framework's weights that run code or read other files when that framework loads them",
    "it was left behind; do not load it with anything",
    why="Keras' Lambda layers hold Python bytecode, some operations of TensorFlow read and write files, and ONNX takes "
    "tensors from whatever file it is told to.",
    sources=(
        "https://nvd.nist.gov/vuln/detail/CVE-2024-3660",
        "https://nvd.nist.gov/vuln/detail/CVE-2024-27318",
    ),
)

_OVERLAP = 512
_MOST_GGUF = 64 << 20
_TEMPLATE = b"tokenizer.chat_template"


def is_pointer(path: Path) -> bool:
    """Whether a git-lfs pointer lies in its place."""
    return sniff_file(path) == "pointer"


def _marked(pattern: re.Pattern[bytes], what: str) -> Callable[[Path, str], Iterator[Finding]]:
    def read(path: Path, name: str) -> Iterator[Finding]:
        before = b""
        with path.open("rb") as stream:
            while block := stream.read(CHUNK):
                if pattern.search(before + block):
                    yield CODE.finding(name, what)
                    return
                before = block[-_OVERLAP:]

    return read


def _gguf(path: Path, name: str) -> Iterator[Finding]:
    """The chat templates of a GGUF file: keys that begin so, each a text of known length."""
    with path.open("rb") as stream:
        data = stream.read(_MOST_GGUF)
    for found in re.finditer(re.escape(_TEMPLATE) + rb"[\w.-]{0,64}?\x08\0\0\0", data):
        (length,) = struct.unpack_from("<Q", data.ljust(found.end() + 8, b"\0"), found.end())
        text = data[found.end() + 8 :][: min(length, 4 * LONGEST)].decode("utf-8", "replace")
        yield from (doubt for doubt in judge(text, name, "")[0] if doubt.severity == "high")


READERS: Mapping[str, Callable[[Path, str], Iterator[Finding]]] = {
    **dict.fromkeys(
        (".h5", ".hdf5"), _marked(re.compile(rb'"class_name"\s*:\s*"(?:Lambda|TFOpLambda)"'), "a Lambda layer")
    ),
    ".pb": _marked(
        re.compile(rb"\n[\x06-\x15](?:ReadFile|WriteFile|(?:Eager)?PyFunc(?:Stateless)?)(?![A-Za-z])"),
        "an operation that reads or writes files, or calls Python",
    ),
    ".onnx": _marked(
        re.compile(rb"\x08location\x12.{1,2}?(?:[/\\]|[A-Za-z]:|\.\.[/\\])", re.DOTALL),
        "tensors from a file elsewhere",
    ),
    ".gguf": _gguf,
}
"""By suffix."""
