"""The heads to remove, as a file names them: a run's report.json, or any JSON with the same words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sanitizer.errors import RefusedError, UsageError
from sanitizer.heads import HeadId
from sanitizer.vet.jsonstrict import MiB, parse_object

CAP = 64 * MiB
FORM = 'it takes a run\'s report.json, or {"heads": ["L0.H1", ...]}, or {"plan": {"remove": ["L0.H1", ...]}}'


@dataclass(frozen=True)
class HeadPlan:
    """Heads in the numbers of the model that they were chosen on, and what the file says about that model.

    `name` and `sha256` are those of the file. None: it does not say. `counts` are heads by layer, `treatments` what
    the run did.
    """

    name: str
    sha256: str
    heads: tuple[HeadId, ...]
    model: str | None = None
    digest: str | None = None
    model_type: str | None = None
    counts: tuple[int, ...] | None = None
    treatments: tuple[str, ...] = ()


def read_plan(path: Path) -> HeadPlan:
    """Read a file. Raises UsageError if it cannot be read or names no list of heads, or one of them twice."""
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= CAP else b""
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint=FORM) from error
    if size > CAP:
        raise UsageError(f"{path} is no plan: it has {size} bytes", hint=FORM)
    try:
        document = parse_object(data, path.name)
    except RefusedError as error:
        raise UsageError(f"{path} is no plan: {error.message}", hint=FORM) from error
    heads = tuple(_head(entry, path) for entry in _named(document, path))
    if not heads:
        raise UsageError(f"{path} names no head, so there is nothing to remove")
    if len(set(heads)) != len(heads):
        raise UsageError(f"{path} names a head twice", hint="name each head once")
    source = _mapping(document.get("source"))
    counts = source.get("heads")
    whole = isinstance(counts, list) and all(type(count) is int for count in counts)
    done = document.get("treatments")
    return HeadPlan(
        name=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        heads=tuple(sorted(heads)),
        model=_text(source.get("name")),
        digest=_text(source.get("digest")),
        model_type=_text(source.get("model_type")),
        counts=tuple(counts) if whole and isinstance(counts, list) else None,
        treatments=tuple(
            name for step in (done if isinstance(done, list) else ()) if (name := _text(_mapping(step).get("name")))
        ),
    )


def check_fits(plan: HeadPlan, model_type: str, counts: Sequence[int]) -> None:
    """Raises UsageError unless the plan can be one for a model of this type with so many heads by layer."""
    hint = "apply a plan to the model that it was made for"
    if plan.model_type is not None and plan.model_type != model_type:
        raise UsageError(f"{plan.name} is a plan for a {plan.model_type} model, this is a {model_type}", hint=hint)
    if plan.counts is not None and plan.counts != tuple(counts):
        raise UsageError(f"{plan.name} is a plan for {_shape(plan.counts)}, this has {_shape(counts)}", hint=hint)
    for head in plan.heads:
        if head.layer >= len(counts) or head.head >= counts[head.layer]:
            raise UsageError(f"{plan.name} names {head}, and the model has {_shape(counts)}", hint=hint)


def check_digest(plan: HeadPlan, digest: str, *, other_model: bool) -> None:
    """Raises UsageError for a plan made for other files than those of this digest, unless `other_model`."""
    if plan.digest == digest or other_model:
        return
    made = "does not say for which files it was made" if plan.digest is None else "was made for other files than these"
    raise UsageError(f"{plan.name} {made}", hint="if this model is meant all the same, say --other-model")


def _named(document: Mapping[str, Any], path: Path) -> list[Any]:
    named = document.get("heads", _mapping(document.get("plan")).get("remove"))
    if not isinstance(named, list):
        raise UsageError(f"{path} is no plan: it does not list any heads", hint=FORM)
    return named


def _head(entry: Any, path: Path) -> HeadId:
    name = entry.get("head") if isinstance(entry, dict) else entry
    if not isinstance(name, str) or len(name) > 32:
        raise UsageError(f"{path} is no plan: {str(entry)[:60]!r} is not a head", hint=FORM)
    return HeadId.parse(name)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _shape(counts: Sequence[int]) -> str:
    layers = f"{len(counts)} layer{'s' if len(counts) != 1 else ''}"
    each = f"{min(counts)}" if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)}"
    return f"{layers} of {each} heads" if counts else "no layers"
