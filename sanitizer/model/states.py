"""Where an interrupted run left off: the state of each of its tunings after the last finished epoch, in a cache folder.

A state is found by a digest of everything that its tuning starts from, so it can only ever continue the very same one:
whatever came before (recipe, seed, heads removed, dtype) shows in the weights and in the generator.

Size: 12 bytes a weight (the weight in float32 and AdamW's two moments), 16 while an earlier epoch is the best one, 4
once the tuning is done. A run that succeeds deletes its states; those that nobody came back for go after a month.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from sanitizer.errors import CorruptError
from sanitizer.model.tensorfile import content, read_tensors, write_tensors

MONTH = 30 * 24 * 3600.0
Contents = tuple[dict[str, Tensor], Any]
"""Tensors by name, and facts that JSON can hold."""


class States:
    """The saved states of one run. Without a folder none is ever read or written.

    Nothing here ends a run: what could not be kept or not be believed, and what was continued, is said in `remarks`.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._places: set[Path] = set()
        self._keeping = folder is not None
        self.remarks: list[str] = []

    def place(self, start: Callable[[], Contents]) -> Path | None:
        """Where the state of a tuning lies that starts from this."""
        if self._folder is None:
            return None
        place = self._folder / f"tuning-{digest_of(*start())}.safetensors"
        self._places.add(place)
        return place

    def read(self, place: Path | None) -> Contents | None:
        """The state that lies there, if there is one and it is whole."""
        if place is None or not place.is_file():
            return None
        try:
            tensors, words = read_tensors(place)
            if words["name"] != place.name:
                raise CorruptError(f"{place} is the state of something else")
        except (CorruptError, OSError):
            self.remarks.append("the state that an interrupted run left was damaged and has not been used")
            return None
        return tensors, json.loads(words["facts"])

    def write(self, place: Path | None, tensors: Mapping[str, Tensor], facts: Any) -> None:
        """Put a state there, whole or not at all, in place of an earlier one."""
        if place is None or not self._keeping:
            return
        size = sum(tensor.nbytes for tensor in tensors.values())
        try:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sweep(place.parent)
            if shutil.disk_usage(place.parent).free < 2 * size:
                raise OSError(0, f"twice {size / 1e9:.1f} GB must be free")
            handle, part = tempfile.mkstemp(dir=place.parent, prefix="tuning-", suffix=".part")
            try:
                with os.fdopen(handle, "wb") as stream:
                    write_tensors(stream, tensors, {"name": place.name, "facts": json.dumps(facts)})
                Path(part).replace(place)
            finally:
                Path(part).unlink(missing_ok=True)
        except OSError as error:
            self._keeping = False
            self.remarks.append(f"had this run been interrupted, it could not have been continued: {error.strerror}")

    def forget(self) -> None:
        """Delete what this run read or wrote: it is not needed any more."""
        for place in self._places:
            place.unlink(missing_ok=True)


def digest_of(tensors: Mapping[str, Tensor], facts: Any) -> str:
    """sha256 over tensors, with their names, dtypes and shapes, and facts."""
    shapes = [[name, str(tensor.dtype), list(tensor.shape)] for name, tensor in tensors.items()]
    sha = hashlib.sha256(json.dumps([facts, shapes]).encode())
    for tensor in tensors.values():
        sha.update(content(tensor))
    return sha.hexdigest()


def _sweep(folder: Path) -> None:
    """Delete what nobody came back for."""
    for pattern in ("tuning-*.safetensors", "tuning-*.part"):
        for path in folder.glob(pattern):
            if time.time() - path.stat().st_mtime > MONTH:
                path.unlink(missing_ok=True)
