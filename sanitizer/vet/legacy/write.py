"""The rebuild: a `.bin` file's tensors, streamed into a safetensors file that the library reads."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from sanitizer.errors import ResourceError
from sanitizer.vet.header import described, layout, nbytes
from sanitizer.vet.legacy.gather import chunks
from sanitizer.vet.legacy.reader import Legacy


def write_safetensors(source: BinaryIO, legacy: Legacy, target: Path, *, without: Iterable[str] = ()) -> None:
    """Write `target` in one move, with the memory of a few blocks; the names `without` are left out.

    Raises ResourceError, before anything is written, if the disk is too small.
    """
    omitted = set(without)
    views = {name: view for name, view in legacy.views.items() if name not in omitted}
    header = layout(views)
    needed = sum(nbytes(view.dtype, view.shape) for view in views.values())
    free = shutil.disk_usage(target.parent).free
    if needed > free:
        raise ResourceError(
            f"{target.name} needs {needed / 1e6:.0f} MB, {free / 1e6:.0f} MB are free", hint="free some space"
        )
    draft = target.with_name(f".{target.name}")
    try:
        with draft.open("xb") as sink:
            sink.write(described(header))
            for name in header.tensors:
                for block in chunks(source, legacy.begin(views[name]), views[name]):
                    sink.write(block)
            sink.flush()
            os.fsync(sink.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
