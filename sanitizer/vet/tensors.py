"""The tensors of a checkpoint, whichever of the two formats its weights are in."""

from __future__ import annotations

from sanitizer.checkpoint import Checkpoint
from sanitizer.vet.header import Header, layout
from sanitizer.vet.inventory import PICKLED, kind, weight_files
from sanitizer.vet.legacy.reader import Legacy, read_legacy
from sanitizer.vet.legacy.ties import tied_in
from sanitizer.vet.safetensors import header_of


def headers(checkpoint: Checkpoint) -> dict[str, Header]:
    """Of each file of weights its tensors; those of a `.bin` as safetensors would have them.

    Raises CorruptError or RefusedError for a file that cannot be read.
    """
    return {
        name: layout(_pickled(checkpoint, name).views) if kind(name) in PICKLED else header_of(checkpoint, name)
        for name in weight_files(checkpoint.files)
    }


def rebuilt_headers(checkpoint: Checkpoint) -> dict[str, Header]:
    """The same of the rebuilt files: without names of a `.bin` that are tied to others. Raises as `headers`."""
    found = headers(checkpoint)
    for name in found:
        if kind(name) in PICKLED:
            views = _pickled(checkpoint, name).views
            omitted = tied_in(checkpoint, views)
            found[name] = layout({tensor: view for tensor, view in views.items() if tensor not in omitted})
    return found


def _pickled(checkpoint: Checkpoint, name: str) -> Legacy:
    with (checkpoint.path / name).open("rb") as stream:
        return read_legacy(stream, checkpoint.files[name].size, name)
