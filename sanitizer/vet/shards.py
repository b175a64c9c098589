"""The index of sharded weights: it and the shards must tell the same story."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import CorruptError
from sanitizer.report import Finding
from sanitizer.vet.inventory import INDEX, PICKLED, PICKLED_INDEX, Kind, kind, rebuilt_name, weight_files
from sanitizer.vet.jsonstrict import SHAPE, MiB, dump, read_object
from sanitizer.vet.rules import Rule, Verdict
from sanitizer.vet.tensors import headers, rebuilt_headers

CAP = 64 * MiB
SINGLE, PICKLED_SINGLE = "model.safetensors", "pytorch_model.bin"

_ASK = "ask the author for a checkpoint written by save_pretrained"
BASENAME = Rule(
    "shards.path",
    "high",
    "the index leads to a file that is not a shard of this folder",
    "a path in an index reads files elsewhere; do not use this model",
    why="transformers joins the name to the folder and opens whatever is there.",
    sources=("https://cwe.mitre.org/data/definitions/22.html",),
)
TWO_SETS = Rule(
    "shards.two-sets",
    "high",
    "there is one whole file of weights and a sharded set: which one is loaded depends on the loader",
    "remove one of the two",
    why="Two loaders would run two different models from one folder.",
)
ORPHAN = Rule(
    "shards.orphan",
    "high",
    "a shard that the index does not know",
    _ASK,
    why="It is copied and published with the model, and nobody loads or looks at it.",
)
TENSOR_MISSING = Rule(
    "shards.tensor-missing",
    "high",
    "a tensor is not in the shard that the index names",
    _ASK,
    why="Loaders fill what is missing with random numbers, and only warn.",
)
TENSOR_ORPHAN = Rule(
    "shards.tensor-orphan",
    "high",
    "a shard holds a tensor that the index does not place there",
    _ASK,
    why="Readers that go by shard and readers that go by index would load different models.",
)


def examine(checkpoint: Checkpoint, name: str) -> Verdict:
    """Whether the index leads to shards of this folder and nowhere else. Raises RefusedError, or CorruptError."""
    _weight_map(checkpoint, name)
    return Verdict("rebuilt", "written anew from the names of tensors and shards")


def write(checkpoint: Checkpoint, name: str, target: Path) -> None:
    """The index with the size computed, and nothing else of what it said. Writing what was written changes nothing."""
    shards, found = set(_weight_map(checkpoint, name).values()), rebuilt_headers(checkpoint)
    sizes = (tensor.end - tensor.start for shard in shards for tensor in found[shard].tensors.values())
    places = {tensor: rebuilt_name(shard) for shard in shards for tensor in found[shard].tensors}
    document = {"metadata": {"total_size": sum(sizes)}, "weight_map": dict(sorted(places.items()))}
    target.write_bytes(dump(document))


def agree(checkpoint: Checkpoint) -> Iterator[Finding]:
    """Every tensor in exactly one shard, none missing, none orphaned. Raises CorruptError if one is absent.

    What the files say by themselves was examined before; this compares what could be read.
    """
    weights = weight_files(checkpoint.files)
    index, single = (
        (PICKLED_INDEX, PICKLED_SINGLE) if any(kind(name) in PICKLED for name in weights) else (INDEX, SINGLE)
    )
    shards = [name for name in weights if name != single]
    if index not in checkpoint.files:
        if shards and single not in weights:
            raise CorruptError(
                f"{index} is missing, so nothing says which tensor is in which of the {len(shards)} shards",
                hint="download the model again",
            )
        yield from (ORPHAN.finding(name) for name in shards)
        return
    if single in weights and shards:
        yield TWO_SETS.finding(single)
        return
    places = _weight_map(checkpoint, index)
    yield from (ORPHAN.finding(name) for name in shards if name not in places.values())
    found = headers(checkpoint)
    for tensor, shard in places.items():
        if tensor not in found[shard].tensors:
            yield TENSOR_MISSING.finding(shard, tensor)
    for shard, header in found.items():
        yield from (TENSOR_ORPHAN.finding(shard, tensor) for tensor in header.tensors if places.get(tensor) != shard)


def _weight_map(checkpoint: Checkpoint, index: str) -> Mapping[str, str]:
    places = read_object(checkpoint, index, CAP).get("weight_map")
    if not isinstance(places, dict) or not places or not all(isinstance(shard, str) for shard in places.values()):
        raise SHAPE.refuse(index, "weight_map does not map tensors to files")
    shards = sorted(set(places.values()))
    of: Kind = "pickle" if kind(index) in PICKLED else "weights"
    for shard in shards:
        if kind(shard) != of or (shard in (SINGLE, PICKLED_SINGLE) and len(shards) > 1):
            raise BASENAME.refuse(index, shard)
    missing = [shard for shard in shards if shard not in checkpoint.files]
    if missing:
        raise CorruptError(
            f"{missing[0]} is missing: {index} names {len(shards)} shards, and {len(shards) - len(missing)} are there",
            hint="download the model again",
        )
    return places
