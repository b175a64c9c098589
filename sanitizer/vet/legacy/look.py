"""What loading a stranger's pickle would do, told without loading it: for files that are left behind anyway."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sanitizer.errors import CorruptError, RefusedError
from sanitizer.vet.legacy.archive import MAGIC, read_archive, read_member
from sanitizer.vet.legacy.machine import MOST_BYTES, run, run_old
from sanitizer.vet.legacy.names import GLOBAL, KNOWN
from sanitizer.vet.legacy.opcodes import CALL
from sanitizer.vet.legacy.trace import Trace, trace
from sanitizer.vet.legacy.training import of_training
from sanitizer.vet.magic import HEAD, NUMPY, sniff

OLD = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""What a file begins with that torch before 1.6 wrote: a pickle of one number."""
_OTHERS = frozenset({".ot", ".npz"})
"""Zip archives of other readers than Python's unpickler, who call nothing unless a pickle in them does."""
_PICKLES_OF_OLD = 4
"""After that number: the protocol, the machine, the state dict and its storages' keys; then bytes that stay bytes."""


@dataclass(frozen=True)
class Look:
    """`data`: nothing but tensors and plain values. `code`: it imports or calls what `detail` says. Else `unknown`."""

    holds: Literal["data", "code", "unknown"] = "unknown"
    detail: str = ""


def look(path: Path, *, training: bool = False) -> Look:
    """Look into a pickle: bare, in a zip archive, or as torch wrote before 1.6. Tensors' bytes are not read.

    What `training` leaves may also hold its settings and the states of its generators.
    """
    with path.open("rb") as stream:
        zipped = stream.read(len(MAGIC)) == MAGIC
    seen = _carried_out(path, zipped=zipped)
    may = of_training if training else _of_script if path.suffix == ".ot" else _of_tensors
    if seen.holds == "data" or (seen.holds == "code" and may is _of_tensors):
        return seen
    followed = [step for data in _pickles(path, zipped=zipped) for step in _traces(data)]
    strange = [name for step in followed for name in step.names if not may(name)]
    if strange:
        return Look("code", strange[0])
    understood = training and bool(followed) and all(step.ended for step in followed)
    return Look("data") if understood or (zipped and path.suffix in _OTHERS) else seen


def _carried_out(path: Path, *, zipped: bool) -> Look:
    """What the strict machine says, which knows state dicts and nothing else."""
    try:
        if zipped:
            with path.open("rb") as stream:
                members = read_archive(stream, path.stat().st_size, path.name)
                run(read_member(stream, members["data.pkl"], MOST_BYTES, path.name), path.name)
        elif (data := _bare(path)).startswith(OLD):
            run_old(data[len(OLD) : MOST_BYTES], path.name, _PICKLES_OF_OLD)
        else:
            run(data, path.name)
    except RefusedError as error:
        (finding,) = error.findings
        said = finding.message.rpartition(": ")[2]
        return Look("code" if finding.rule in (GLOBAL.id, CALL.id) else "unknown", said)
    except CorruptError as error:
        return Look("unknown", error.message)
    return Look("data")


def _traces(data: bytes) -> Iterator[Trace]:
    """Each pickle that lies one behind the other at the beginning; of files that are none, nothing."""
    for _ in range(1 + _PICKLES_OF_OLD if data.startswith(OLD) else 1):
        followed = trace(data)
        if not followed.is_pickle and not followed.ended:
            return
        yield followed
        data = data[followed.length :]


def _pickles(path: Path, *, zipped: bool) -> Iterator[bytes]:
    """The bytes in which a pickle may lie: the file's own, or those of each member that a zip reader finds."""
    if not zipped:
        yield _bare(path)
        return
    left = MOST_BYTES
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                with archive.open(member) as stream:
                    head = stream.read(HEAD)
                    if sniff(head) == "pickle":
                        more = stream.read(left)
                        left -= len(more)
                        yield _array(head + more)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, NotImplementedError, EOFError):
        return


def _bare(path: Path) -> bytes:
    with path.open("rb") as stream:
        return _array(stream.read(MOST_BYTES + 1))


def _array(data: bytes) -> bytes:
    """What follows the header of a numpy array: of one of objects, a pickle."""
    if not data.startswith(NUMPY) or len(data) < 12:
        return data
    wide = data[6] > 1
    (length,) = struct.unpack_from("<I" if wide else "<H", data, 8)
    return data[(12 if wide else 10) + length :]


def _of_tensors(name: str) -> bool:
    """A name that the machine knows, so that its doubt is about something else."""
    return " ".join(name.rpartition(".")[::2]) in KNOWN


def _of_script(name: str) -> bool:
    """A name that torch writes into its own archives for other languages than Python."""
    return name.startswith(("__torch__.", "torch.jit._pickle.")) or of_training(name)
