"""The differences of two checkpoints as words, the same on a terminal and on a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sanitizer.heads import HeadId
from sanitizer.numbers import is_share
from sanitizer.report import FileDifference, HeadChanges, PairedMetric, TensorDifference

TENSORS: Mapping[Literal["changed", "reshaped", "left_only", "right_only"], str] = {
    "changed": "changed",
    "reshaped": "of another shape",
    "left_only": "only in A",
    "right_only": "only in B",
}
HEADS = ("unchanged", "changed", "removed", "added", "zeroed")
"""What may have become of a head from A to B."""


def of_file(file: FileDifference) -> str:
    """How the bytes of a file differ; what the gate left behind unread is not compared."""
    if file.left is None or file.right is None:
        return "only in B" if file.left is None else "only in A"
    return "other bytes" if file.left and file.right else "not read, left behind by the gate"


def of_heads(heads: HeadChanges) -> tuple[tuple[str, ...], ...]:
    """[layer][head] words of `HEADS`."""
    known = {
        **dict.fromkeys(heads.left_only, "removed"),
        **dict.fromkeys(heads.right_only, "added"),
        **dict.fromkeys(heads.zeroed, "zeroed"),
    }
    return tuple(
        tuple(
            known.get(HeadId(layer, head), "changed" if change != 0 else "unchanged") for head, change in enumerate(row)
        )
        for layer, row in enumerate(heads.change)
    )


def of_metric(row: PairedMetric) -> str:
    """`-0.6 (-1.3 to +0.2)`: the change from A to B, shares in points, with its paired 95 % interval if it has one."""
    scale, form = (100, "+.1f") if is_share(row.left) else (1, "+.2g")
    told = f"{scale * (row.right.value - row.left.value):{form}}"
    if row.change is None:
        return told
    return f"{told} ({scale * row.change.low:{form}} to {scale * row.change.high:{form}})"


def in_order(differences: tuple[TensorDifference, ...]) -> list[TensorDifference]:
    """Those that changed first, the most changed of them first of all."""
    return sorted(differences, key=lambda found: (found.what != "changed", -(found.relative or 0.0)))
