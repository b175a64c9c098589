"""The numbers in the weights: one streaming pass over their bytes, in memory that does not depend on their size.

Nothing is converted. With the sign masked away, the bits of IEEE floats are ordered as their magnitudes are: so the
largest integer of a block is its largest magnitude, and anything from infinity's bits on is no number.
"""

from __future__ import annotations

import re
import statistics
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import MappingProxyType

import numpy as np

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import CorruptError
from sanitizer.progress import Progress, silent, track
from sanitizer.report import Finding
from sanitizer.vet.header import Header, TensorInfo
from sanitizer.vet.inventory import PICKLED, kind, weight_files
from sanitizer.vet.legacy.gather import chunks, in_place
from sanitizer.vet.legacy.reader import read_legacy
from sanitizer.vet.rules import Rule, shown
from sanitizer.vet.safetensors import header_of

BLOCK = 1 << 21
"""Bytes read at a time: what the caches of a processor hold."""
FEWEST, FARTHEST = 4, 100.0
"""A tensor is an outlier if its largest magnitude is so many times the median of at least so many of its kind."""

NAN = Rule(
    "weights.nan",
    "high",
    "weights that are not numbers",
    "get the checkpoint again, or another one; nothing that it answers means anything",
    why="One NaN spreads through every answer, and comparisons with it are neither true nor false.",
)
INFINITE = Rule(
    "weights.infinite",
    "medium",
    "weights that are infinite",
    "ask the author whether they overflowed when they were converted to half precision",
    why="An infinite weight turns answers into NaN, all of them or those to texts that reach it.",
)
ZERO = Rule(
    "weights.all-zero",
    "low",
    "whole matrices of zeros",
    "that part of the model does nothing; ask the author whether it is meant",
    why="Weights that were never trained or were wiped look like this; so do heads that were removed on purpose.",
)
OUTLIER = Rule(
    "weights.outlier",
    "low",
    f"tensors with weights more than {FARTHEST:.0f} times as large as in other layers",
    "compare with the base model",
    why="Edited weights stand out from the same tensor of other layers; some large models have such weights by nature.",
)


@dataclass(frozen=True)
class _Kind:
    """How the bits of a float are read: unsigned integer of its width, its mask without the sign, infinity's bits."""

    unsigned: str
    mask: int
    infinity: int
    has_infinity: bool = True


_FLOATS: Mapping[str, _Kind] = MappingProxyType(
    {
        "F64": _Kind("<u8", 0x7FFF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000),
        "F32": _Kind("<u4", 0x7FFF_FFFF, 0x7F80_0000),
        "C64": _Kind("<u4", 0x7FFF_FFFF, 0x7F80_0000),
        "F16": _Kind("<u2", 0x7FFF, 0x7C00),
        "BF16": _Kind("<u2", 0x7FFF, 0x7F80),
        "F8_E5M2": _Kind("u1", 0x7F, 0x7C),
        "F8_E4M3": _Kind("u1", 0x7F, 0x7F, has_infinity=False),
    }
)
"""Other formats hold integers, or scales of quantized weights, and are not looked into."""


@dataclass(frozen=True)
class Extent:
    """The largest magnitude of a tensor, as bits and as a number (NaN and infinity included)."""

    dtype: str
    bits: int
    dimensions: int

    @property
    def magnitude(self) -> float:
        """Of formats of one byte, in units of their own: enough to compare them with each other."""
        match self.dtype:
            case "F64":
                return _float("<d", self.bits.to_bytes(8, "little"))
            case "F32" | "C64":
                return _float("<f", self.bits.to_bytes(4, "little"))
            case "BF16":
                return _float("<f", (self.bits << 16).to_bytes(4, "little"))
            case "F16":
                return _float("<e", self.bits.to_bytes(2, "little"))
            case _:
                return float(self.bits)


def extents(path: Path, header: Header) -> dict[str, Extent]:
    """The largest magnitude of each float tensor of a file. Raises CorruptError if the file ends too early."""
    buffer = memoryview(bytearray(BLOCK))
    with path.open("rb", buffering=0) as stream:
        return _measured(
            (name, tensor.dtype, len(tensor.shape), _range(stream, header, tensor, buffer, path))
            for name, tensor in header.tensors.items()
        )


def pickled_extents(path: Path) -> dict[str, Extent]:
    """The same for a `.bin` file."""
    with path.open("rb") as stream:
        legacy = read_legacy(stream, path.stat().st_size, path.name)
        return _measured(
            (name, view.dtype, len(view.shape), chunks(stream, legacy.begin(view), in_place(view)))
            for name, view in legacy.views.items()
        )


def _measured(tensors: Iterable[tuple[str, str, int, Iterator[bytes | memoryview]]]) -> dict[str, Extent]:
    """Of each tensor its name, dtype, number of dimensions, and its bytes in pieces of at most `BLOCK`."""
    found: dict[str, Extent] = {}
    scratch = np.empty(BLOCK, dtype="u1")
    for name, dtype, dimensions, blocks in tensors:
        of = _FLOATS.get(dtype)
        if of is None:
            continue
        bits = -1
        mask = np.dtype(of.unsigned).type(of.mask)
        for block in blocks:
            values = np.frombuffer(block, dtype=of.unsigned)
            magnitudes = scratch[: len(block)].view(of.unsigned)
            np.bitwise_and(values, mask, out=magnitudes)
            bits = max(bits, int(magnitudes.max()))
        if bits >= 0:
            found[name] = Extent(dtype, bits, dimensions)
    return found


def _range(
    stream: FileIO, header: Header, tensor: TensorInfo, buffer: memoryview, path: Path
) -> Iterator[bytes | memoryview]:
    stream.seek(header.begin + tensor.start)
    left = tensor.end - tensor.start
    while left:
        length = min(left, BLOCK)
        if _fill(stream, buffer[:length]) < length:
            raise CorruptError(f"{shown(path.name)} ends before its tensors do", hint="get the file again")
        yield buffer[:length]
        left -= length


def judge(checkpoint: Checkpoint, *, progress: Progress = silent) -> Iterator[Finding]:
    """What is wrong with the numbers of all files of weights; kinds of tensors are compared across files."""
    by_file = {
        name: pickled_extents(checkpoint.path / name)
        if kind(name) in PICKLED
        else extents(checkpoint.path / name, header_of(checkpoint, name))
        for name in track(progress, "vet weights", weight_files(checkpoint.files))
    }
    for file, found in by_file.items():
        yield from _one(NAN, file, (name for name, extent in found.items() if _beyond(extent) == "nan"))
        yield from _one(INFINITE, file, (name for name, extent in found.items() if _beyond(extent) == "infinity"))
        yield from _one(ZERO, file, (name for name, e in found.items() if e.bits == 0 and e.dimensions > 1))
    far = set(_outliers({name: extent for found in by_file.values() for name, extent in found.items()}))
    for file, found in by_file.items():
        yield from _one(OUTLIER, file, (name for name in found if name in far))


def _one(rule: Rule, file: str, names: Iterable[str]) -> Iterator[Finding]:
    """One finding for all tensors of a file: the first by name, and how many more."""
    found = sorted(names)
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield rule.finding(file, f"{found[0]}{more}")


def _beyond(extent: Extent) -> str:
    of = _FLOATS[extent.dtype]
    if extent.bits < of.infinity:
        return ""
    return "infinity" if extent.bits == of.infinity and of.has_infinity else "nan"


def _outliers(found: Mapping[str, Extent]) -> Iterator[str]:
    """A kind is what is left of a name without its numbers: the same tensor in each layer."""
    kinds: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for name, extent in found.items():
        if extent.bits and not _beyond(extent) and not extent.dtype.startswith("F8"):
            kinds[re.sub(r"\d+", "*", name), extent.dtype].append(name)
    for names in kinds.values():
        if len(names) >= FEWEST:
            median = statistics.median(found[name].magnitude for name in names)
            yield from (name for name in names if found[name].magnitude > FARTHEST * median)


def _fill(stream: FileIO, into: memoryview) -> int:
    """How many bytes could be read: all that fit, unless the file ends."""
    done = 0
    while done < len(into) and (number := stream.readinto(into[done:])):
        done += number
    return done


def _float(form: str, data: bytes) -> float:
    (value,) = struct.unpack(form, data)
    return float(value)
