"""Settings of two checkpoints, key by key, as the gate understood and rebuilt them. No torch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sanitizer.checkpoint import Checkpoint
from sanitizer.report import SettingDifference
from sanitizer.vet.inventory import INDEX
from sanitizer.vet.jsonstrict import MiB, parse_object

CAP = 256 * MiB
LONGEST, LARGEST = 120, 64
"""Characters of a value that are shown; entries of a mapping from which on only its changes are counted."""


def compare_settings(left: Checkpoint, right: Checkpoint) -> tuple[SettingDifference, ...]:
    """Every JSON file of both but the index of shards, which says no more than where tensors lie.

    A vocabulary, and any other large mapping, is one difference that counts. Raises RefusedError for what is no JSON.
    """
    names = sorted(name for name in {*left.files, *right.files} if name.endswith(".json") and name != INDEX)
    return tuple(difference for name in names for difference in _compared(name, _read(left, name), _read(right, name)))


def _read(checkpoint: Checkpoint, name: str) -> dict[str, Any] | None:
    if name not in checkpoint.files or checkpoint.files[name].size > CAP:
        return None
    return parse_object(checkpoint.read(name), name)


def _compared(name: str, left: dict[str, Any] | None, right: dict[str, Any] | None) -> Iterator[SettingDifference]:
    if left is None or right is None:
        if left is not right:
            yield SettingDifference(name, "(the file)", _there(left), _there(right))
        return
    for key, one, other in _pairs("", left, right):
        yield SettingDifference(name, key, one, other)


def _there(document: object) -> str | None:
    return None if document is None else "there"


def _pairs(
    path: str, left: Mapping[str, Any], right: Mapping[str, Any]
) -> Iterator[tuple[str, str | None, str | None]]:
    if max(len(left), len(right)) >= LARGEST:
        yield from _counted(path, left, right)
        return
    for key in sorted({*left, *right}):
        one, other = left.get(key), right.get(key)
        if key in left and key in right and _same(one, other):
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _pairs(f"{path}{key}.", one, other)
        else:
            yield f"{path}{key}", _shown(one) if key in left else None, _shown(other) if key in right else None


def _counted(
    path: str, left: Mapping[str, Any], right: Mapping[str, Any]
) -> Iterator[tuple[str, str | None, str | None]]:
    gone, come = left.keys() - right.keys(), right.keys() - left.keys()
    changed = [key for key in left.keys() & right.keys() if not _same(left[key], right[key])]
    if gone or come or changed:
        counts = f"{len(gone)} only here, {len(changed)} with another value there"
        yield (
            path.removesuffix(".") or "(all)",
            f"{len(left)} entries, {counts}",
            f"{len(right)} entries, {len(come)} only here",
        )


def _same(one: object, other: object) -> bool:
    """As JSON: to Python true is 1, and to no loader."""
    return json.dumps(one) == json.dumps(other)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
