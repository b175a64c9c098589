"""The output folder: built beside its place, complete with sums, and renamed into it once."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.errors import ResourceError, UsageError
from sanitizer.report import FileRecord

FOLDER = "sanitizer"
SUMS = f"{FOLDER}/SHA256SUMS"
_FULL = (errno.ENOSPC, errno.EDQUOT)


def check_place(output: Path, *, force: bool, source: Path | None) -> None:
    """Raises UsageError if the place is taken, or must not be replaced even with --force."""
    place = output.resolve()
    protected = {Path.cwd().resolve(), *Path.cwd().resolve().parents, Path.home().resolve()}
    if source is not None and (place == source.resolve() or place in source.resolve().parents):
        raise UsageError(f"{output} is the model itself or holds it", hint="choose another --output")
    if place in protected:
        raise UsageError(f"{output} must not be replaced", hint="choose a folder of its own with --output")
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise UsageError(f"{output} is not a folder", hint="choose another --output")
    if output.exists() and any(output.iterdir()) and not force:
        raise UsageError(f"{output} is not empty", hint="choose another --output, or replace it with --force")


@contextmanager
def workspace(output: Path) -> Iterator[Path]:
    """A private folder (0700) on the disk of the output, gone afterwards whatever happens."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        path = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    except OSError as error:
        raise UsageError(f"{output.parent} cannot be written to: {error.strerror}", hint="choose --output") from error
    try:
        yield path
    except OSError as error:
        if error.errno in _FULL:
            raise ResourceError(
                f"the disk of {output.parent} is full", hint="free some space or choose an --output on another disk"
            ) from error
        raise
    finally:
        shutil.rmtree(path, ignore_errors=True)


def seal(folder: Path) -> Checkpoint:
    """Write `SHA256SUMS` over everything in the folder, in the format of sha256sum."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    sealed = Checkpoint.of_folder(folder, LocalOrigin(folder.name), [name for name in names if name != SUMS])
    (folder / SUMS).write_text(sealed.sums(), encoding="utf-8")
    return sealed


def put_in_place(built: Path, output: Path) -> None:
    """Rename a finished folder to where it belongs; what was there before is removed only after that."""
    for path in (built, *built.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    old = built.parent / "replaced"
    if output.exists():
        output.rename(old)
    try:
        built.rename(output)
    except OSError:
        if old.exists():
            old.rename(output)
        raise


def files_of(written: Checkpoint, vetted: Checkpoint) -> tuple[FileRecord, ...]:
    """Each file of the model as written, and whether it is a vetted file byte for byte or was made anew."""
    return tuple(
        FileRecord(name, digest.size, digest.sha256, "kept", "carried over byte for byte")
        if vetted.files.get(name) == digest
        else FileRecord(name, digest.size, digest.sha256, "rebuilt", "written by this run")
        for name, digest in sorted(written.files.items())
    )
