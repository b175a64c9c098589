"""The output folder: built beside its place, complete with sums, and renamed into it once."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

from safetensors import SafetensorError

from sanitizer.checkpoint import Checkpoint, FileDigest, LocalOrigin
from sanitizer.claim import claimed, collect
from sanitizer.errors import ResourceError, UsageError
from sanitizer.exchange import exchange
from sanitizer.files import names_in
from sanitizer.report import FileRecord

FOLDER = "sanitizer"
SUMS = f"{FOLDER}/SHA256SUMS"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)


def check_place(output: Path, *, force: bool, source: Path | None) -> None:
    """Raises UsageError if the place is taken, or must not be replaced even with --force."""
    place, here, home = output.resolve(), Path.cwd().resolve(), Path.home().resolve()
    if source is not None and place in (source.resolve(), *source.resolve().parents):
        raise UsageError(f"{output} is the model itself or holds it", hint="choose another --output")
    if source is not None and place.is_relative_to(source.resolve()):
        raise UsageError(f"{output} lies in the folder of the model", hint="choose an --output outside of it")
    if place in (here, *here.parents, home, *home.parents):
        raise UsageError(f"{output} must not be replaced", hint="choose a folder of its own with --output")
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise UsageError(f"{output} is not a folder", hint="choose another --output")
    if output.exists() and any(output.iterdir()) and not force:
        raise UsageError(f"{output} is not empty", hint="choose another --output, or replace it with --force")


@contextmanager
def workspace(output: Path) -> Iterator[Path]:
    """A private folder (0700) on the disk of the output, gone afterwards whatever happens.

    What a killed process left of its own is removed first, what others still work in is not. Folders on the way to the
    output are made, and stay only if something was put there. Raises UsageError if none can be made, ResourceError if
    the disk is full, here or while the caller works.
    """
    made = [parent for parent in output.parents if not parent.exists()]
    prefix = f".{output.name}.sanitizer-"
    try:
        with ExitStack() as stack:
            try:
                output.parent.mkdir(parents=True, exist_ok=True)
                collect(prefix, output.parent)
                path = stack.enter_context(claimed(prefix, output.parent))
            except OSError as error:
                if _is_full(error):
                    raise
                raise UsageError(
                    f"{output.parent} cannot be written to: {error.strerror}", hint="choose --output"
                ) from error
            yield path
    except (OSError, SafetensorError) as error:
        if _is_full(error):
            raise ResourceError(
                f"the disk of {output.parent} is full", hint="free some space or choose an --output on another disk"
            ) from error
        raise
    finally:
        for parent in made:
            with suppress(OSError):  # it holds something, or was removed by another run
                parent.rmdir()


def demand_room(place: Path, need: int, what: str) -> None:
    """Raises ResourceError if the disk of `place` (or of the nearest folder above that exists) has less than `need`."""
    while not place.exists():
        place = place.absolute().parent
    free = shutil.disk_usage(place).free
    if need > free:
        raise ResourceError(
            f"{what} {need / 1e6:.0f} MB, {free / 1e6:.0f} MB are free", hint="choose an output on another disk"
        )


def _is_full(error: OSError | SafetensorError) -> bool:
    """safetensors writes by itself and gives the number of the system's error in words alone."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    number = re.search(r"\(os error (\d+)\)", str(error))
    return number is not None and int(number[1]) in _FULL


def seal(folder: Path, hashed: Mapping[str, FileDigest] = MappingProxyType({})) -> Checkpoint:
    """Write `SHA256SUMS` over everything in the folder, in the format of sha256sum. What `hashed` has is believed."""
    unknown = [name for name in names_in(folder) if name != SUMS and name not in hashed]
    files = {**hashed, **Checkpoint.of_folder(folder, LocalOrigin(folder.name), unknown).files}
    sealed = Checkpoint(folder, LocalOrigin(folder.name), MappingProxyType(files))
    (folder / SUMS).write_text(sealed.sums(), encoding="utf-8")
    return sealed


def put_in_place(built: Path, output: Path, *, force: bool) -> None:
    """Rename a finished folder to where it belongs; what was there before is removed only after that.

    Whatever interrupts it, the output is the old folder or the new one. Where two folders can change places in one
    move, even a kill finds it so; elsewhere a kill between two moves leaves the old folder beside its place.
    Raises UsageError if, without `force`, something has been put there since `check_place`.
    """
    for path in (built, *built.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    if not force:
        try:
            built.rename(output)  # in one move over nothing or an empty folder, and never over anything else
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            raise UsageError(
                f"{output} is not empty any more", hint="choose another --output, or replace it with --force"
            ) from error
        return
    if output.exists() and exchange(built, output):
        return  # the old one is in the workspace now, and goes with it
    # Beside the workspace and not in it: should even putting it back fail, it is still there.
    old = built.parent.with_name(f"{built.parent.name}.replaced")
    try:
        if output.exists():
            output.rename(old)
        built.rename(output)
    except BaseException as error:
        if old.exists() and not output.exists():
            old.rename(output)
        # Another run may have put its result there since we looked.
        if not (isinstance(error, OSError) and error.errno in _TAKEN and exchange(built, output)):
            raise
    if old.exists():
        shutil.rmtree(old, ignore_errors=True)


def files_of(written: Checkpoint, vetted: Checkpoint) -> tuple[FileRecord, ...]:
    """Each file of the model as written, and whether it is a vetted file byte for byte or was made anew."""
    return tuple(
        FileRecord(name, digest.size, digest.sha256, "kept", "carried over byte for byte")
        if vetted.files.get(name) == digest
        else FileRecord(name, digest.size, digest.sha256, "rebuilt", "written by this run")
        for name, digest in sorted(written.files.items())
    )
