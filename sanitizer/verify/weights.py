"""Heads that a report calls removed or zeroed, and the number of parameters, by the stored tensors. No torch.

Shapes tell how many heads a layer has, and not which: that a certain head is the one that is missing, only the config
says. A head that is zero is there to be looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from sanitizer.checkpoint import Checkpoint
from sanitizer.compare.stored import Stored
from sanitizer.errors import CorruptError, IncompleteError, RefusedError
from sanitizer.heads import HeadId
from sanitizer.model.stored import StoredHeads, StoredLayer
from sanitizer.report import ClaimRecord, RunReport
from sanitizer.verify.listing import several

CLAIM = "heads that the report calls removed are out of the tensors, and those it calls zeroed are zero in them"


def heads_claim(checkpoint: Checkpoint, report: RunReport) -> ClaimRecord:
    """Look for every treated head. Numbers that do not fit the config are false, families not known are unknown."""
    try:
        stored = Stored.of(checkpoint)
        heads = stored.heads()
        wrong = list(_counts(heads, report)) or [*_marked(stored, heads, report), *_alive(stored, heads, report)]
    except CorruptError as error:
        return ClaimRecord("heads", CLAIM, "false", error.message)
    except (IncompleteError, RefusedError) as error:
        return ClaimRecord("heads", CLAIM, "unknown", error.message)
    if wrong:
        return ClaimRecord("heads", CLAIM, "false", several(wrong))
    outcomes = [record.outcome for record in report.heads]
    found = (
        f"{outcomes.count('removed')} are gone by the shapes of each layer, {outcomes.count('zeroed')} are exactly zero"
    )
    return ClaimRecord("heads", CLAIM, "held", found)


def parameters_claim(checkpoint: Checkpoint, report: RunReport) -> ClaimRecord:
    """Count the numbers in the files."""
    claim = f"the result has {report.parameters_after:,} parameters"
    try:
        found = sum(math.prod(shape) for shape in Stored.of(checkpoint).shapes().values())
    except (IncompleteError, RefusedError) as error:
        return ClaimRecord("parameters", claim, "unknown", error.message)
    answer = "held" if found == report.parameters_after else "false"
    return ClaimRecord("parameters", claim, answer, f"the files hold {found:,}")  # type: ignore[arg-type]


def _gone(report: RunReport, layer: int) -> list[int]:
    """Heads of a layer that the report calls removed, counted as in the source."""
    return [record.head.head for record in report.heads if record.head.layer == layer and record.outcome == "removed"]


def _counts(heads: StoredHeads, report: RunReport) -> Iterator[str]:
    if len(heads.layers) != report.source.layers:
        yield f"there are {len(heads.layers)} layers, the report says {report.source.layers}"
        return
    for index, (layer, before) in enumerate(zip(heads.layers, report.source.heads, strict=True)):
        wanted = before - len(_gone(report, index))
        if len(layer.original) != wanted:
            yield f"layer {index} has {len(layer.original)} heads in its tensors, by the report it has {wanted}"


def _marked(stored: Stored, heads: StoredHeads, report: RunReport) -> Iterator[str]:
    """Which heads the config says are missing. A source that lacked heads already counts them otherwise."""
    if ("quantization_config" in stored.config) is not report.needs_loader:
        yield f"the report says that it {'needs' if report.needs_loader else 'does not need'} a loader, the config not"
    if set(report.source.heads) != {heads.shape.heads}:
        return
    for index, layer in enumerate(heads.layers):
        missing = [head for head in range(heads.shape.heads) if head not in layer.original]
        if missing != _gone(report, index):
            yield f"of layer {index} the config misses heads {missing}, the report {_gone(report, index)}"


def _alive(stored: Stored, heads: StoredHeads, report: RunReport) -> Iterator[str]:
    """Heads called zeroed that are not zero: their own weights, and shared ones where a whole group was zeroed."""
    for index, layer in enumerate(heads.layers):
        zeroed = [r.head.head for r in report.heads if r.head.layer == index and r.outcome == "zeroed"]
        left = [head for head in range(report.source.heads[index]) if head not in _gone(report, index)]
        pieces = {head: list(layer.own(left.index(head))) for head in zeroed}
        for key in _dead_keys(layer, left, zeroed) if len(left) == report.source.heads[index] else ():
            pieces[left[key * layer.group]] += layer.shared(key)
        for head, own in pieces.items():
            alive = next((piece.tensor for piece in own if stored.part(piece).any()), None)
            if alive is not None:
                yield f"{HeadId(index, head)} is called zeroed, and {alive} has weights of it"


def _dead_keys(layer: StoredLayer, left: list[int], zeroed: list[int]) -> Iterator[int]:
    for key in range(layer.key_heads):
        if {left[position] for position in range(key * layer.group, (key + 1) * layer.group)} <= set(zeroed):
            yield key
