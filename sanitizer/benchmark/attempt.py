"""Work in processes that may go wrong: where it is done, and what is kept of what they said if it does."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sanitizer.errors import SanitizerError


class Failed(Exception):  # noqa: N818  an answer, not a fault of the program
    """Why an attempt came to nothing, for its record."""


@contextmanager
def attempt(log: Path) -> Iterator[tuple[Path, Path]]:
    """A folder to work in, gone afterwards, and a file in it for what processes say, which failure keeps as `log`.

    Raises Failed for an error of ours or of the system, without the folder's name.
    """
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="sanitizer-benchmark-") as name:
        work = Path(name)
        said = work / "log"
        said.touch()
        try:
            yield work, said
        except (SanitizerError, OSError) as error:
            log.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(said, log)
            why = error.message if isinstance(error, SanitizerError) else error.strerror or type(error).__name__
            raise Failed(why.replace(f"{work}/", "")) from error
