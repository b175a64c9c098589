"""Files of a folder by name, and writing a file of text in one move."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sanitizer.errors import UsageError


def names_in(folder: Path) -> list[str]:
    """Every file of a folder and of the folders in it, as paths from there with forward slashes."""
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def replace_text(target: Path, text: str) -> None:
    """A reader finds the whole text, or what was there before. Raises UsageError where nothing can be written."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise UsageError(
            f"{target.parent} cannot be written to: {error.strerror}", hint="name a file elsewhere"
        ) from error
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        draft.chmod(0o644)  # mkstemp makes it private
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
