"""The tensors of a checkpoint as they lie in its files, with its config. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sanitizer.checkpoint import Checkpoint
from sanitizer.model.stored import Piece, StoredHeads
from sanitizer.vet.arrays import blocks, whole
from sanitizer.vet.header import Header, TensorInfo
from sanitizer.vet.inventory import CONFIG
from sanitizer.vet.jsonstrict import MiB, read_object
from sanitizer.vet.tensors import headers

CAP = 4 * MiB


@dataclass(frozen=True)
class Stored:
    """The tensors of a checkpoint: config, headers by file, and in which file each tensor is."""

    checkpoint: Checkpoint
    config: Mapping[str, Any]
    headers: Mapping[str, Header]
    places: Mapping[str, str]

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Stored:
        """Read config and headers. Raises CorruptError or RefusedError for what cannot be read."""
        found = headers(checkpoint)
        places = {tensor: file for file, header in found.items() for tensor in header.tensors}
        return cls(checkpoint, read_object(checkpoint, CONFIG, CAP), found, places)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of every tensor."""
        return {name: tensor.shape for header in self.headers.values() for name, tensor in header.tensors.items()}

    def heads(self) -> StoredHeads:
        """Raises what `StoredHeads.of` raises."""
        return StoredHeads.of(self.config, self.shapes())

    def numbers(self, name: str) -> np.ndarray:
        """A whole tensor as float64 [row, column]."""
        file = self.places[name]
        return whole(self.checkpoint.path / file, self.headers[file], name)

    def part(self, piece: Piece) -> np.ndarray:
        """Part of a tensor."""
        found = self.numbers(piece.tensor)
        return found[piece.span.start : piece.span.stop] if piece.axis == 0 else found[:, list(piece.span)]

    def info(self, name: str) -> TensorInfo:
        """Format and shape of a tensor."""
        return self.headers[self.places[name]].tensors[name]

    def blocks(self, name: str) -> Iterator[np.ndarray]:
        """The bits of a tensor, whole rows at a time."""
        file = self.places[name]
        return blocks(self.checkpoint.path / file, self.headers[file], name)

    def bits(self, name: str) -> np.ndarray:
        """The same, all rows at once."""
        return np.concatenate([*self.blocks(name)] or [np.empty((0, 0), dtype="u1")])
