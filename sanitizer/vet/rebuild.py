"""The vetted copy: what a record kept or rebuilt, written into a private folder and vetted there again."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from sanitizer.checkpoint import Checkpoint
from sanitizer.errors import CorruptError, ResourceError, UsageError
from sanitizer.progress import Progress, silent, track
from sanitizer.report import FileRecord, VetRecord
from sanitizer.vet.families import FAMILIES, Family
from sanitizer.vet.gate import vet
from sanitizer.vet.inventory import Kind, kind, rebuilt_name
from sanitizer.vet.judgement import refusal
from sanitizer.vet.rules import shown


def rebuild(
    checkpoint: Checkpoint,
    record: VetRecord,
    target: Path,
    *,
    progress: Progress = silent,
    families: Mapping[Kind, Family] = FAMILIES,
) -> Checkpoint:
    """Write what was kept or rebuilt into `target` (new or empty, made 0700), vet that, and return it.

    Bytes are held against their digest as they are opened. `rebuild` of what was rebuilt changes nothing.
    Raises UsageError for a target that holds something, RefusedError if the record refuses, CorruptError for bytes that
    changed or a record of another checkpoint, ResourceError if the copy cannot be written. No half-written copy stays.
    """
    against = refusal(record)
    if against is not None:
        raise against
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise UsageError(f"{target} is not empty", hint="name a new or an empty folder")
    target.chmod(0o700)
    carried = [file for file in record.files if file.fate in ("kept", "rebuilt")]
    try:
        for file in track(progress, "rebuild files", carried):
            _write(checkpoint, file, target, families)
        rebuilt = Checkpoint.of_folder(target, checkpoint.origin, [rebuilt_name(file.name) for file in carried])
        # Headers and settings were read before the bytes were copied; what lies in the private folder decides.
        against = refusal(vet(rebuilt, families=families))
        if against is not None:
            raise against
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise ResourceError(
            f"the vetted copy cannot be written ({error.strerror or type(error).__name__})",
            hint=f"check the space and the permissions of {target.parent}",
        ) from error
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return rebuilt


def _write(checkpoint: Checkpoint, file: FileRecord, target: Path, families: Mapping[Kind, Family]) -> None:
    of, digest = kind(file.name), checkpoint.files.get(file.name)
    if of is None or digest is None or digest.sha256 != file.sha256:
        raise CorruptError(f"{shown(file.name)} was not vetted in this checkpoint", hint="vet it, then rebuild it")
    write, place = families[of].write, target / rebuilt_name(file.name)
    if file.fate == "kept" or write is None:
        checkpoint.copy(file.name, place)
    else:
        write(checkpoint, file.name, place)
