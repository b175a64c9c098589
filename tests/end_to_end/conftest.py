"""The real command line and the real pipeline, in this process, in a working folder of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import transformers
from click.testing import CliRunner, Result
from helpers.runs import make_suspect, make_tsv

from sanitizer.cli import sanitize as command
from sanitizer.commands.session import QUIET_BARS, QUIET_LOGS

Sanitize = Callable[..., Result]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def sanitize(here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sanitize]:
    """Run `sanitize WORDS…` without this machine's colours, width or token.

    The libraries read whether to show bars when they are imported; here they are imported long before the command.
    """
    for name in ("HF_TOKEN", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    # Undone after the test, unlike what a command sets itself.
    for name in QUIET_BARS:
        monkeypatch.setenv(name, "1")
    for name in QUIET_LOGS:
        monkeypatch.setenv(name, "error")
    transformers.utils.logging.disable_progress_bar()  # and those of huggingface_hub
    yield lambda *words, **extra: CliRunner().invoke(command, [str(word) for word in words], **extra)
    transformers.utils.logging.enable_progress_bar()


@pytest.fixture(scope="session")
def suspect(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny classifier in half precision."""
    return make_suspect(tmp_path_factory.mktemp("suspects") / "reviews")


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighty labelled texts."""
    return make_tsv(tmp_path_factory.mktemp("texts") / "clean.tsv")
