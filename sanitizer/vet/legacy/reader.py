"""A `.bin` file as data: its tensors by name, and where their bytes lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO

from sanitizer.vet.header import nbytes
from sanitizer.vet.legacy.archive import MAGIC, Member, read_archive, read_member
from sanitizer.vet.legacy.gather import runs
from sanitizer.vet.legacy.machine import MOST_BYTES, run
from sanitizer.vet.legacy.names import KIND
from sanitizer.vet.legacy.rebuild import VIEW
from sanitizer.vet.legacy.values import Storage, View, views_within
from sanitizer.vet.magic import HEAD, sniff
from sanitizer.vet.rules import Rule
from sanitizer.vet.safetensors import EMPTY, check_name

FORMAT = Rule(
    "legacy.format",
    "high",
    "not in the zip format that torch.save writes since torch 1.6",
    "load it where it came from, and save it again with safetensors",
    why="The formats before it are series of pickles, and the reader that guards against pickles does not know them.",
    sources=("https://docs.pytorch.org/docs/stable/generated/torch.save.html",),
)
STATE = Rule(
    "legacy.state-dict",
    "high",
    "not a flat dict from names to tensors, which is all that transformers would load",
    "if it is a training checkpoint, save its model with model.save_pretrained",
    why="A loader that expects a state dict finds no weights in it, and fills the model with random numbers.",
)
EXPANDED = Rule(
    "legacy.expanded",
    "high",
    "the tensors would take far more room, or work, than a file of this size can need",
    "do not use it; ask the author for safetensors",
    why="A tensor with a stride of zero claims any size from a few bytes, and fills the disk or the memory.",
    sources=("https://cwe.mitre.org/data/definitions/409.html",),
)
MOST_EXPANSION, FREE_EXPANSION = 4, 16 << 20
"""How much larger than the file the tensors may be: four times, plus this many bytes."""
MOST_RUNS = 10_000_000
"""Single copies that gathering may take, over all tensors: seconds. A transposed matrix takes one for each row."""


@dataclass(frozen=True)
class Legacy:
    """Tensors by name, the members of the archive, and the names of entries that are no tensors."""

    views: Mapping[str, View]
    members: Mapping[str, Member]
    left_out: tuple[str, ...]

    def begin(self, view: View) -> int:
        """The byte of the file at which the storage of a tensor begins."""
        return self.members[_member_of(view.storage)].begin


def read_legacy(stream: BinaryIO, size: int, file: str) -> Legacy:
    """Read all of a file but the tensors' bytes. Raises CorruptError if it is cut off, else RefusedError."""
    stream.seek(0)
    head = stream.read(HEAD)
    if not head.startswith(MAGIC):
        raise FORMAT.refuse(file, _looks_like(head))
    members = read_archive(stream, size, file)
    if "byteorder" in members and read_member(stream, members["byteorder"], 8, file) == b"big":
        raise KIND.refuse(file, "of big-endian numbers")
    value = run(read_member(stream, members["data.pkl"], MOST_BYTES, file), file)
    views, left_out = _state(value, file)
    _storages_fit(views, members, file)
    _bounded(views, size, file)
    return Legacy(MappingProxyType(views), members, left_out)


def _looks_like(head: bytes) -> str:
    content = sniff(head)
    if head.startswith(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."):
        return "it was written by torch before 1.6"
    return f"it is a {content}" if content != "other" else "it is of no known kind"


def _state(value: object, file: str) -> tuple[dict[str, View], tuple[str, ...]]:
    if not isinstance(value, dict):
        raise STATE.refuse(file, f"it holds a {type(value).__name__.lower()}")
    views: dict[str, View] = {}
    left_out = []
    for name, item in value.items():
        check_name(name, file)
        if isinstance(item, View):
            views[name] = item
        elif next(views_within(item), None) is not None:
            raise STATE.refuse(file, f"{name} holds tensors within it")
        else:
            left_out.append(name)
    if not views:
        raise EMPTY.refuse(file)
    return views, tuple(left_out)


def _storages_fit(views: Mapping[str, View], members: Mapping[str, Member], file: str) -> None:
    """Every storage is in the archive, has the size that the pickle says, and is referred to."""
    storages: dict[str, Storage] = {}
    for name, view in views.items():
        key = _member_of(view.storage)
        if storages.setdefault(key, view.storage) != view.storage:
            raise VIEW.refuse(file, f"{name} sees its storage as another type or size than other tensors do")
        if key not in members:
            raise VIEW.refuse(file, f"{name} lies in {key}, which is not in the archive")
        if members[key].size != view.storage.size:
            raise VIEW.refuse(file, f"{key} has {members[key].size} bytes, and {name} needs {view.storage.size}")
    orphans = sorted(key for key in members if key.startswith("data/") and key not in storages)
    if orphans:
        raise VIEW.refuse(file, f"no tensor lies in {orphans[0]}")


def _bounded(views: Mapping[str, View], size: int, file: str) -> None:
    total = sum(nbytes(view.dtype, view.shape) for view in views.values())
    if total > MOST_EXPANSION * size + FREE_EXPANSION:
        raise EXPANDED.refuse(file, f"{total} bytes of tensors in a file of {size}")
    if sum(map(runs, views.values())) > MOST_RUNS:
        raise EXPANDED.refuse(file, "their elements are strewn all over the file")


def _member_of(storage: Storage) -> str:
    return f"data/{storage.key}"
