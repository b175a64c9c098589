"""What the gate asks of a `.bin` file that holds the weights: may it be rebuilt, and the rebuild."""

from __future__ import annotations

from pathlib import Path

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import CorruptError, RefusedError
from sanitizer.vet.inventory import rebuilt_name
from sanitizer.vet.legacy.archive import check_sums
from sanitizer.vet.legacy.reader import Legacy, read_legacy
from sanitizer.vet.legacy.ties import tied_in
from sanitizer.vet.legacy.write import write_safetensors
from sanitizer.vet.magic import sniff_file
from sanitizer.vet.rules import Rule, Verdict, excerpt
from sanitizer.vet.safetensors import pretends

LEFT_OUT = Rule(
    "legacy.left-out",
    "low",
    "entries that are no tensors",
    "they were left out: a model is made of tensors alone",
    why="Whoever reads the original file may act on them.",
)


def examine(checkpoint: Checkpoint, name: str) -> Verdict:
    """Whether the file can be rebuilt. Raises CorruptError for a damaged file, RefusedError for a violation."""
    path = checkpoint.path / name
    try:
        with path.open("rb") as stream:
            legacy = read_legacy(stream, checkpoint.files[name].size, name)
            check_sums(stream, legacy.members, name)
    except (RefusedError, CorruptError) as error:
        content = sniff_file(path)
        if content in ("pickle", "archive", "other"):
            raise
        raise pretends(content).refuse(name, f"it is a {content}") from error
    findings = (LEFT_OUT.finding(name, ", ".join(legacy.left_out)),) if legacy.left_out else ()
    return Verdict("rebuilt", _said(legacy, tied_in(checkpoint, legacy.views), name), findings)


def write(checkpoint: Checkpoint, name: str, target: Path) -> None:
    """`target` in safetensors, made from a copy that was held against the digest: it, and no later state, is read."""
    copy = target.with_name(f".{name}")
    try:
        checkpoint.copy(name, copy, durable=False)
        with copy.open("rb") as stream:
            legacy = read_legacy(stream, checkpoint.files[name].size, name)
            check_sums(stream, legacy.members, name)
            write_safetensors(stream, legacy, target, without=tied_in(checkpoint, legacy.views))
    finally:
        copy.unlink(missing_ok=True)


def _said(legacy: Legacy, tied: tuple[str, ...], name: str) -> str:
    once = f"; {excerpt(', '.join(tied))} is tied by the config and kept once" if tied else ""
    return f"{len(legacy.views)} tensors, read as data and rebuilt as safetensors ({rebuilt_name(name)}){once}"
