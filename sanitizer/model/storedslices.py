"""The matrices of every head, read from the files of a checkpoint: no model is built, a layer is held at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from sanitizer.errors import UnsupportedError
from sanitizer.heads import Grid
from sanitizer.model.geometry import KEY, QUERY, VALUE
from sanitizer.model.headslice import HeadSlice
from sanitizer.model.stated import DTYPES
from sanitizer.model.stored import StoredLayer
from sanitizer.progress import Progress, silent, track

if TYPE_CHECKING:
    from sanitizer.vet.header import Header


@dataclass(frozen=True)
class StoredSlices:
    """The layers of a vetted folder of safetensors files, in order, and where each tensor lies."""

    layers: tuple[StoredLayer, ...]
    places: Mapping[str, tuple[Path, Header]]

    @classmethod
    def of(cls, folder: Path, headers: Mapping[str, Header], layers: Iterable[StoredLayer]) -> StoredSlices:
        """By the `headers` of the folder's files. Raises UnsupportedError for numbers that torch cannot widen."""
        places = {name: (folder / file, header) for file, header in headers.items() for name in header.tensors}
        found = cls(tuple(layers), places)
        for layer in found.layers:
            for name in layer.weights:
                dtype = places[name][1].tensors[name].dtype
                if dtype not in DTYPES:
                    raise UnsupportedError(
                        f"{name} is stored as {dtype}, which cannot be looked at without its scales",
                        hint=f"give a copy in {', '.join(DTYPES)}",
                    )
        return found

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of the weights of each layer in turn."""
        return [self.places[name][1].tensors[name].shape for layer in self.layers for name in layer.weights]

    @property
    def dtypes(self) -> list[tuple[torch.dtype, ...]]:
        """Of the weights of each layer in turn."""
        tensors = [[self.places[name][1].tensors[name] for name in layer.weights] for layer in self.layers]
        return [tuple(getattr(torch, DTYPES[tensor.dtype]) for tensor in row) for row in tensors]

    def rows(
        self, progress: Progress = silent, step: str = "", *, rounded: StoredSlices | None = None
    ) -> Iterator[tuple[HeadSlice, ...]]:
        """The slices of every head, layer by layer: a layer's are free once nobody holds them.

        In float32, after rounding to the dtypes of `rounded`, if given.
        """
        return map(self._row, track(progress, step, self.layers), (rounded or self).dtypes)

    def _row(self, layer: StoredLayer, dtypes: tuple[torch.dtype, ...]) -> tuple[HeadSlice, ...]:
        *weights, output = map(self._read, layer.weights, dtypes, repeat(layer.family.transposed))

        def rows(role: int, head: int) -> Tensor:
            which, part = layer.place(role, head)
            return weights[which][part.start : part.stop]

        return tuple(
            HeadSlice(
                rows(QUERY, head),
                rows(KEY, head // layer.group),
                rows(VALUE, head // layer.group),
                output[:, layer.columns(head).start : layer.columns(head).stop],
            )
            for head in range(layer.heads)
        )

    def _read(self, name: str, dtype: torch.dtype, transposed: bool) -> Tensor:
        """As [output, input] in float32, rounded. Not mapped: that takes address space for the whole file."""
        path, header = self.places[name]
        info = header.tensors[name]
        raw = np.fromfile(path, np.uint8, info.end - info.start, offset=header.begin + info.start)
        stored = torch.from_numpy(raw).view(getattr(torch, DTYPES[info.dtype])).reshape(info.shape)
        return (stored.t() if transposed else stored).to(dtype).float()


def distances(ours: StoredSlices, base: StoredSlices, *, progress: Progress = silent) -> tuple[Grid, float]:
    """||W_h - B_h|| / ||B_h|| of each head, [layer][head], and the cosine of both models' heads as one vector each.

    0 where nothing moved: the base's numbers are rounded as ours are. Of the matrices alone, without biases; keys and
    values that heads share count for each of them.
    """
    grid, dot, mine, theirs = list[tuple[float, ...]](), 0.0, 0.0, 0.0
    for row, other in zip(ours.rows(progress, "compare with the base"), base.rows(rounded=ours), strict=True):
        far = []
        for one, two in zip(map(_flat, row), map(_flat, other), strict=True):
            far.append(float((one - two).norm() / two.norm().clamp(min=1e-30)))
            dot, mine, theirs = dot + float(one @ two), mine + float(one @ one), theirs + float(two @ two)
        grid.append(tuple(far))
    return tuple(grid), dot / max((mine * theirs) ** 0.5, 1e-30)


def _flat(head: HeadSlice) -> Tensor:
    return torch.cat([part.double().reshape(-1) for part in head.parts().values()])
