"""Which files of weights come out, and where in them each tensor lies, before a byte is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from sanitizer.applying.edits import Edit
from sanitizer.vet.header import Header, TensorInfo, layout
from sanitizer.vet.inventory import INDEX
from sanitizer.vet.jsonstrict import dump
from sanitizer.vet.shards import SINGLE

LARGEST = 50_000_000_000
"""Bytes of tensors in one file, as `save_pretrained` has it (50 GB): up to here, shards are put together."""


@dataclass(frozen=True)
class Output:
    """A file to write, the files that its tensors come from, and where in it each of them goes."""

    name: str
    sources: tuple[str, ...]
    header: Header


def outputs_of(
    headers: Mapping[str, Header], edits: Mapping[str, Edit], left_out: frozenset[str], *, largest: int
) -> tuple[Output, ...]:
    """One file for all, in the order in which the safetensors library writes; beyond `largest` one for each source."""
    after = {file: _after(header, edits, left_out) for file, header in headers.items()}
    whole = layout({name: tensor for tensors in after.values() for name, tensor in tensors.items()})
    if _size(whole) <= largest:
        return (Output(SINGLE, tuple(headers), whole),)
    return tuple(Output(file, (file,), layout(tensors)) for file, tensors in after.items() if tensors)


def index_of(outputs: tuple[Output, ...]) -> Mapping[str, bytes]:
    """The index that several files need, by its name; nothing for one."""
    if len(outputs) == 1 and outputs[0].name == SINGLE:
        return {}
    places = {name: output.name for output in outputs for name in output.header.tensors}
    size = sum(_size(output.header) for output in outputs)
    return {INDEX: dump({"metadata": {"total_size": size}, "weight_map": dict(sorted(places.items()))})}


def _after(header: Header, edits: Mapping[str, Edit], left_out: frozenset[str]) -> Mapping[str, TensorInfo]:
    return MappingProxyType(
        {
            name: replace(tensor, shape=edits[name].shape(tensor.shape)) if name in edits else tensor
            for name, tensor in header.tensors.items()
            if name not in left_out
        }
    )


def _size(header: Header) -> int:
    return max((tensor.end for tensor in header.tensors.values()), default=0)
