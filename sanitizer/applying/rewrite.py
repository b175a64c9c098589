"""Writing the files of weights: the source's bytes pass by in blocks, and what the edits take away stays behind.

No tensor is ever held: memory is that of a few blocks whatever the model's size, and no number is converted, so that
bfloat16 and everything else comes out as the bytes that went in.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from sanitizer.applying.edits import Edit
from sanitizer.applying.target import Output
from sanitizer.checkpoint import CHUNK, Checkpoint, FileDigest
from sanitizer.progress import Progress
from sanitizer.vet.header import BYTES, Header, TensorInfo, described

Bytes = NDArray[np.uint8]


def rewrite(
    vetted: Checkpoint,
    headers: Mapping[str, Header],
    outputs: Iterable[Output],
    edits: Mapping[str, Edit],
    folder: Path,
    *,
    progress: Progress,
) -> None:
    """Write `outputs` into `folder`, reading every file once, from its beginning to its end.

    Raises CorruptError if a file is not the one that was vetted; what has been written then must not be used.
    """
    total = sum(len(header.tensors) for header in headers.values())
    done = 0
    for output in outputs:
        start = described(output.header)
        with (folder / output.name).open("xb") as sink:
            sink.write(start)
            for name in output.sources:
                with (vetted.path / name).open("rb") as stream:
                    source = _Hashing(stream)
                    source.skip(headers[name].begin)
                    for tensor, info in headers[name].tensors.items():
                        place = output.header.tensors.get(tensor)
                        if place is None:
                            source.skip(info.end - info.start)
                        else:
                            sink.seek(len(start) + place.start)
                            sink.writelines(_changed(source, info, edits.get(tensor)))
                        done += 1
                        progress("write weights", done, total)
                    source.skip(None)
                vetted.check(name, source.digest())


class _Hashing:
    """A stream that is hashed as it is read. A block is overwritten by the next one."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._sha, self._size = stream, hashlib.sha256(), 0
        self._block = np.empty(CHUNK, np.uint8)

    def read(self, size: int) -> Bytes:
        """As many bytes as there are, up to `size`."""
        if size > len(self._block):
            self._block = np.empty(size, np.uint8)
        block = self._block[:size]
        block = block[: self._stream.readinto(block.data)]  # type: ignore[attr-defined]
        self._sha.update(block.data)
        self._size += len(block)
        return block

    def blocks(self, size: int, unit: int = 1) -> Iterator[Bytes]:
        """The next `size` bytes in blocks of whole units. A file that has fewer ends early, and its digest tells."""
        most = max(unit, CHUNK // unit * unit)
        while size > 0:
            block = self.read(min(size, most))
            if len(block) % unit or not len(block):
                return
            size -= len(block)
            yield block

    def skip(self, size: int | None) -> None:
        """Past as many bytes, or to the end of the file."""
        if size is not None:
            for _ in self.blocks(size):
                pass
            return
        while len(self.read(CHUNK)):
            pass

    def digest(self) -> FileDigest:
        """Of everything that was read."""
        return FileDigest(self._size, self._sha.hexdigest())


def _changed(source: _Hashing, info: TensorInfo, edit: Edit | None) -> Iterator[memoryview]:
    """The bytes of one tensor after its edit, in blocks."""
    size = info.end - info.start
    if edit is None:
        yield from (block.data for block in source.blocks(size))
        return
    # A matrix of rows, or along axis 1 of rows of cells: whole units of the axis, as many bytes each.
    cell = math.prod(info.shape[edit.axis + 1 :]) * BYTES[info.dtype]
    row = size // max(1, info.shape[0])
    zero, keep = _joined(edit.zero), None if edit.keep is None else _joined(edit.keep)
    first = 0
    for block in source.blocks(size, row):
        if edit.axis == 1:
            parts = _along(block.reshape(-1, info.shape[1], cell), zero, keep)
        else:
            cells = block.reshape(1, -1, cell)
            parts = _along(cells, _within(zero, first, cells.shape[1]), keep and _within(keep, first, cells.shape[1]))
            first += cells.shape[1]
        yield parts.data


def _along(cells: Bytes, zero: list[range], keep: list[range] | None) -> Bytes:
    """`cells` is [row, cell, byte]: some cells of every row set to zero, then some kept."""
    for part in zero:
        cells[:, part.start : part.stop] = 0
    if keep is None:
        return cells.reshape(-1)
    parts = [cells[:, part.start : part.stop] for part in keep]
    return np.concatenate([*parts, cells[:, :0]], axis=1).reshape(-1)


def _within(ranges: list[range], first: int, many: int) -> list[range]:
    """The parts of ranges that lie among the cells from `first` on, counted from there."""
    cut = (range(max(part.start - first, 0), min(part.stop - first, many)) for part in ranges)
    return [part for part in cut if part]


def _joined(ranges: Iterable[range]) -> list[range]:
    """Ranges in order, with those that touch made one."""
    found: list[range] = []
    for part in ranges:
        if found and found[-1].stop == part.start:
            part = range(found.pop().start, part.stop)
        found.append(part)
    return found
