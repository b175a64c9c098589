"""A strict reader of safetensors headers, in front of the library: what it accepts, the library accepts alike.

The library (0.8) also takes duplicate tensor names, names that cannot be seen and unknown extra fields; we do not.
Source: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import io
import math
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from sanitizer.checkpoint import CHUNK, Checkpoint
from sanitizer.errors import CorruptError, RefusedError
from sanitizer.vet.header import BYTES, FORMATS, Header, TensorInfo, described, nbytes
from sanitizer.vet.jsonstrict import parse_object
from sanitizer.vet.magic import Content, sniff_file
from sanitizer.vet.rules import Rule, Verdict, shown
from sanitizer.vet.text import PRETENDER

MOST_HEADER = 100_000_000
"""Bytes; the library's own limit."""
MOST_DIMENSIONS = 32
LONGEST_NAME = 1024
_SPECIAL = re.compile(r"(?:^|\.)__\w+__(?:\.|$)")
"""Part of a name that means something to Python."""

_ASK = "ask the author for a file written by the safetensors library"
HEADER = Rule(
    "safetensors.header",
    "high",
    "the header is not one that the safetensors library writes",
    _ASK,
    why="Readers that are more lenient, or stricter, would see another file.",
    sources=("https://github.com/huggingface/safetensors#format",),
)
HEADER_SIZE = Rule(
    "safetensors.header-size",
    "high",
    f"the header is larger than {MOST_HEADER:,} bytes",
    _ASK,
    why="The whole header is held in memory and parsed before anything else is known.",
    sources=("https://github.com/huggingface/safetensors#format",),
)
NAME = Rule(
    "safetensors.tensor-name",
    "high",
    "a tensor has no name, or one that cannot be seen as it is",
    _ASK,
    why="Two names that look alike address different tensors.",
    sources=("https://github.com/huggingface/safetensors#format",),
)
FIELDS = Rule(
    "safetensors.fields",
    "high",
    "a tensor is not described by dtype, shape and data_offsets alone",
    _ASK,
    why="The library ignores unknown fields; other readers may act on them.",
    sources=("https://github.com/huggingface/safetensors#format",),
)
KIND = Rule(
    "safetensors.dtype",
    "high",
    "a tensor has a dtype that is not known",
    _ASK,
    why="The number of bytes of each value would be a guess.",
    sources=("https://github.com/huggingface/safetensors#format",),
)
SIZE = Rule(
    "safetensors.tensor-size",
    "high",
    "a tensor's shape and dtype do not give the bytes it claims",
    _ASK,
    why="A reader that trusts the shape reads past the tensor's bytes.",
    sources=("https://cwe.mitre.org/data/definitions/125.html",),
)
COVERAGE = Rule(
    "safetensors.coverage",
    "high",
    "the tensors overlap, or leave bytes that belong to none",
    _ASK,
    why="Overlaps make one tensor change with another; gaps carry data that no reader shows.",
    sources=("https://github.com/huggingface/safetensors#format",),
)
EMPTY = Rule(
    "safetensors.empty",
    "high",
    "a file of weights without a tensor",
    _ASK,
    why="A model without tensors is filled with random numbers by some loaders.",
)
POINTER = Rule(
    "weights.pointer",
    "high",
    "a git-lfs pointer where weights should be",
    "run `git lfs pull` in the folder it was cloned into, or name the repository as hf://org/name",
    why="The weights are not here.",
)
PAGE = Rule(
    "weights.page",
    "high",
    "a web page where weights should be",
    "download the file again; the server sent an error page",
    why="The weights are not here; what is here came from a web server.",
)


def read_header(source: bytes | BinaryIO, size: int, file: str = "model.safetensors") -> Header:
    """Read the header of a file of `size` bytes, of which `source` needs to hold no more than the header.

    Raises CorruptError if the file is shorter than its header promises, RefusedError for every other violation.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    start = stream.read(8)
    if size < 8 or len(start) < 8:
        raise _truncated(file, size, 8)
    (length,) = struct.unpack("<Q", start)
    if length > MOST_HEADER:
        raise HEADER_SIZE.refuse(file, f"{length} bytes")
    if 8 + length > size:
        raise _truncated(file, size, 8 + length)
    text = stream.read(length)
    if len(text) < length:
        raise _truncated(file, 8 + len(text), 8 + length)
    if not text.startswith(b"{") or text.rstrip(b" ") != text.rstrip():
        raise HEADER.refuse(file, "it does not begin with {, or ends with blanks that are no spaces")
    document = parse_object(text, file)
    metadata = _metadata(document.pop("__metadata__", {}), file)
    tensors = {name: _tensor(name, entry, file) for name, entry in document.items()}
    ordered = dict(sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end, item[0])))
    _covered(ordered, size - 8 - length, 8 + length, file)
    return Header(MappingProxyType(ordered), MappingProxyType(metadata), 8 + length)


def header_of(checkpoint: Checkpoint, name: str) -> Header:
    """The header of one file of a checkpoint. Raises as `read_header`."""
    with (checkpoint.path / name).open("rb") as stream:
        return read_header(stream, checkpoint.files[name].size, name)


def examine(checkpoint: Checkpoint, name: str) -> Verdict:
    """Whether the file can be used. Raises CorruptError for a truncated file, RefusedError for a violation."""
    try:
        header = header_of(checkpoint, name)
    except (RefusedError, CorruptError) as error:
        content = sniff_file(checkpoint.path / name)
        if content == "other":
            raise
        raise pretends(content).refuse(name, f"it is a {content}") from error
    if not header.tensors:
        raise EMPTY.refuse(name)
    if _ordinary(header.metadata):
        return Verdict("kept", f"{len(header.tensors)} tensors that cover the file")
    return Verdict("rebuilt", f"{len(header.tensors)} tensors that cover the file; its free-form metadata is left out")


def write(checkpoint: Checkpoint, name: str, target: Path) -> None:
    """The tensors' bytes as they are, under a header without free-form metadata. Writing twice changes nothing."""
    checkpoint.copy(name, target)
    with target.open("rb") as stream:
        header = read_header(stream, checkpoint.files[name].size, name)
    if _ordinary(header.metadata):
        return
    draft = target.with_name(f".{target.name}")
    with target.open("rb") as source, draft.open("xb") as sink:
        sink.write(described(header))
        source.seek(header.begin)
        while block := source.read(CHUNK):
            sink.write(block)
    draft.replace(target)


def _ordinary(metadata: Mapping[str, str]) -> bool:
    return set(metadata) <= {"format"} and metadata.get("format", "pt") in FORMATS


def _metadata(value: Any, file: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(word, str) for word in value.values()):
        raise HEADER.refuse(file, "__metadata__ does not map words to words")
    return value


def check_name(name: str, file: str) -> None:
    """Raises RefusedError for a name of a tensor that cannot be seen as it is."""
    seen = name.isprintable() and name == name.strip() and 0 < len(name) <= LONGEST_NAME
    if not seen or _SPECIAL.search(name):
        raise NAME.refuse(file, ascii(name))


def _tensor(name: str, entry: Any, file: str) -> TensorInfo:
    check_name(name, file)
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise FIELDS.refuse(file, name)
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BYTES:
        raise KIND.refuse(file, f"{name} has {dtype!r}")
    if not _counts(shape) or len(shape) > MOST_DIMENSIONS or not _counts(offsets) or len(offsets) != 2:
        raise FIELDS.refuse(file, name)
    # Dimensions of zero make the product small; without them it must still fit the machine's integers.
    largest = math.prod(max(1, dimension) for dimension in shape) * BYTES[dtype]
    if largest >= 1 << 63 or nbytes(dtype, shape) != offsets[1] - offsets[0]:
        raise SIZE.refuse(file, f"{name} has shape {shape} and {offsets[1] - offsets[0]} bytes")
    return TensorInfo(dtype, tuple(shape), offsets[0], offsets[1])


def _counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(number) is int and 0 <= number < 1 << 63 for number in value)


def _covered(tensors: Mapping[str, TensorInfo], size: int, begin: int, file: str) -> None:
    """Tensors in order, each beginning where the one before ended, the last one ending with the file."""
    reached = 0
    for name, tensor in tensors.items():
        if tensor.start != reached:
            raise COVERAGE.refuse(file, f"{name} begins at {tensor.start}, the one before ends at {reached}")
        reached = tensor.end
    if reached > size:
        raise _truncated(file, begin + size, begin + reached)
    if reached < size:
        raise COVERAGE.refuse(file, f"{size - reached} bytes after the last tensor")


def _truncated(file: str, got: int, expected: int) -> CorruptError:
    return CorruptError(
        f"{shown(file)} is truncated: it has {got} bytes, and its header promises {expected}",
        hint="download it again, or ask the author",
    )


def pretends(content: Content) -> Rule:
    """The rule for a file of weights that is something else."""
    return {"pointer": POINTER, "page": PAGE}.get(content, PRETENDER)
