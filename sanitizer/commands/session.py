"""What surrounds the work of a command."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import click

from sanitizer import processes
from sanitizer.commands.speech import VERBOSITY
from sanitizer.progress import Progress
from sanitizer.terminal.consoles import aside
from sanitizer.terminal.progress import showing

QUIET_BARS = ("HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS")
QUIET_LOGS = ("TRANSFORMERS_VERBOSITY", "DATASETS_VERBOSITY", "HF_HUB_VERBOSITY")
QUIET_LOGGERS = ("accelerate",)
"""Those of libraries that read no such setting."""


@contextmanager
def working() -> Iterator[Progress]:
    """Progress on stderr and, unless `-v`, silence from the libraries, while a command works.

    The libraries read these settings when they are imported, so a command imports them in here.
    """
    verbosity = click.get_current_context().meta.get(VERBOSITY, 0)
    with warnings.catch_warnings(), showing(aside(), quiet=verbosity < 0 or processes.rank() > 0) as progress:
        for name in QUIET_BARS:
            os.environ.setdefault(name, "1")
        if verbosity <= 0:
            for name in QUIET_LOGS:
                os.environ.setdefault(name, "error")
            for name in QUIET_LOGGERS:
                logging.getLogger(name).setLevel(logging.ERROR)
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
        yield progress
