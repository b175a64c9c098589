"""Writing a file of text in one move."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sanitizer.errors import UsageError


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
