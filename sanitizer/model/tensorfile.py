"""Tensors in one safetensors file, written a tensor at a time and closed by a digest of everything before it.

The library's own writer needs all tensors in the host's memory at once; what training has on a GPU need not fit there.
Any reader of safetensors can open these files: the digest is their last tensor.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from sanitizer.errors import CorruptError

_DTYPES = {torch.float32: "F32", torch.uint8: "U8"}
_DIGEST = "sha256"
_WIDTH = hashlib.sha256().digest_size


def content(tensor: Tensor) -> memoryview:
    """The bytes of a tensor, in order."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data


def write_tensors(stream: BinaryIO, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> None:
    """Tensors in float32 or uint8, and words about them."""
    header: dict[str, object] = {"__metadata__": dict(facts)}
    end = 0
    # Numbers of four bytes first, so that each begins where one may.
    ordered = dict(sorted(tensors.items(), key=lambda item: -item[1].itemsize))
    for name, tensor in ordered.items():
        start, end = end, end + tensor.nbytes
        header[name] = {"dtype": _DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [start, end]}
    header[_DIGEST] = {"dtype": "U8", "shape": [_WIDTH], "data_offsets": [end, end + _WIDTH]}
    words = json.dumps(header).encode()
    words += b" " * (-len(words) % 8)
    sha = hashlib.sha256()
    head: list[bytes | memoryview] = [len(words).to_bytes(8, "little"), words]
    for piece in chain(head, map(content, ordered.values())):
        sha.update(piece)
        stream.write(piece)
    stream.write(sha.digest())


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """What `write_tensors` wrote. Raises CorruptError, before anything is parsed, if the digest does not fit."""
    left = path.stat().st_size - _WIDTH
    sha = hashlib.sha256()
    with path.open("rb") as stream:
        while left > 0 and (piece := stream.read(min(left, 1 << 20))):
            sha.update(piece)
            left -= len(piece)
        if stream.read() != sha.digest():
            raise CorruptError(f"{path} is damaged")
    try:
        with safe_open(path, framework="pt") as stored:
            names = [name for name in stored.keys() if name != _DIGEST]  # noqa: SIM118
            return {name: stored.get_tensor(name) for name in names}, dict(stored.metadata())
    except SafetensorError as error:
        raise CorruptError(f"{path} is damaged") from error
