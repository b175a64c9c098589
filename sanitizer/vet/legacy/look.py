"""What loading a stranger's pickle would do, told without loading it: for files that are left behind anyway."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sanitizer.errors import CorruptError, RefusedError
from sanitizer.vet.legacy.archive import MAGIC, read_archive, read_member
from sanitizer.vet.legacy.machine import MOST_BYTES, run, run_old
from sanitizer.vet.legacy.names import GLOBAL
from sanitizer.vet.legacy.opcodes import CALL

OLD = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""What a file begins with that torch before 1.6 wrote: a pickle of one number."""
_PICKLES_OF_OLD = 4
"""After that number: the protocol, the machine, the state dict and its storages' keys; then bytes that stay bytes."""


@dataclass(frozen=True)
class Look:
    """`data`: nothing but tensors and plain values. `code`: it imports or calls what `detail` says. Else `unknown`."""

    holds: Literal["data", "code", "unknown"] = "unknown"
    detail: str = ""


def look(path: Path) -> Look:
    """Look into a pickle: bare, in torch's zip, or as torch wrote before 1.6. Tensors' bytes are not read."""
    size = path.stat().st_size
    try:
        with path.open("rb") as stream:
            if stream.read(len(MAGIC)) == MAGIC:
                data = read_member(stream, read_archive(stream, size, path.name)["data.pkl"], MOST_BYTES, path.name)
            else:
                stream.seek(0)
                data = stream.read(MOST_BYTES + 1)
        if data.startswith(OLD):
            run_old(data[len(OLD) : MOST_BYTES], path.name, _PICKLES_OF_OLD)
        else:
            run(data, path.name)
    except RefusedError as error:
        (finding,) = error.findings
        return Look("code" if finding.rule in (GLOBAL.id, CALL.id) else "unknown", finding.message.rpartition(": ")[2])
    except CorruptError as error:
        return Look("unknown", error.message)
    return Look("data")
