"""Tensors that the config ties and the files hold twice: they must be the same, or nobody knows which is used."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from sanitizer.checkpoint import CHUNK, Checkpoint
from sanitizer.report import Finding
from sanitizer.vet.config import CAP
from sanitizer.vet.inventory import CONFIG, PICKLED, kind
from sanitizer.vet.jsonstrict import read_object
from sanitizer.vet.legacy.gather import chunks
from sanitizer.vet.legacy.reader import read_legacy
from sanitizer.vet.legacy.ties import pairs_of
from sanitizer.vet.rules import Rule
from sanitizer.vet.safetensors import header_of
from sanitizer.vet.tensors import headers

APART = Rule(
    "weights.tied-apart",
    "medium",
    "tensors that the config ties are both there, and differ",
    "ask the author which of the two is meant, and for a config that says so (tie_word_embeddings)",
    why="Some loaders overwrite one with the other, some keep both: two users would run two models.",
)


def apart(checkpoint: Checkpoint) -> Iterator[Finding]:
    """One finding for each matrix that is not what it is tied to. Reads both, up to the first difference."""
    places = {name: file for file, header in headers(checkpoint).items() for name in header.tensors}
    for name, source in pairs_of(read_object(checkpoint, CONFIG, CAP)):
        if name in places and source in places and name.endswith(".weight"):
            one, other = _content(checkpoint, places[name], name), _content(checkpoint, places[source], source)
            if any(left != right for left, right in zip_longest(one, other)):
                yield APART.finding(places[name], f"{name} and {source}")


def _content(checkpoint: Checkpoint, file: str, name: str) -> Iterator[object]:
    """The tensor's dtype and shape, and its bytes in pieces of the same length for every tensor."""
    with (checkpoint.path / file).open("rb") as stream:
        if kind(file) in PICKLED:
            legacy = read_legacy(stream, checkpoint.files[file].size, file)
            view = legacy.views[name]
            yield view.dtype, view.shape
            yield from _even(bytes(block) for block in chunks(stream, legacy.begin(view), view))
        else:
            header = header_of(checkpoint, file)
            tensor = header.tensors[name]
            yield tensor.dtype, tensor.shape
            stream.seek(header.begin + tensor.start)
            for left in range(tensor.end - tensor.start, 0, -CHUNK):
                yield stream.read(min(CHUNK, left))


def _even(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of `CHUNK`."""
    waiting = b""
    for block in blocks:
        waiting += block
        while len(waiting) >= CHUNK:
            yield waiting[:CHUNK]
            waiting = waiting[CHUNK:]
    if waiting:
        yield waiting
