"""The two streams: results on stdout, everything else on stderr."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from rich.console import Console

PIPE_CLOSED = 141
"""128 + SIGPIPE, what a shell reports for other programs whose reader went away; 1 would read as "refused"."""


class Result(Console):
    """stdout. A reader that goes away (`| head`) ends the process quietly."""

    def on_broken_pipe(self) -> NoReturn:
        """Let nothing more be written, not even by the interpreter's last flush."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(PIPE_CLOSED)


def result() -> Console:
    """Where results go. Made anew, because stdout may have been replaced since."""
    return Result(highlight=False)


def aside() -> Console:
    """Where errors, warnings and progress go."""
    return Console(stderr=True, highlight=False)


def coloured(console: Console) -> bool:
    """Whether colours will be seen: a terminal that has them, and no NO_COLOR."""
    return console.color_system is not None and not console.no_color
