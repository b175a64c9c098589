"""Results of runs to verify, made once, and copies of them to tamper with."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.claims import Copy
from helpers.results import copy_of, make_result


@pytest.fixture(scope="session")
def compact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with suspect, clean texts and, in `out`, the result of a run that cut heads out."""
    return make_result(tmp_path_factory.mktemp("compact")).parent


@pytest.fixture(scope="session")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with heads at zero."""
    return make_result(tmp_path_factory.mktemp("dense"), layout="dense").parent


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return lambda made: copy_of(made / "out", tmp_path)
