"""A suspect of each task, and texts for both."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.runs import make_suspect, make_tsv


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("steps")
    make_suspect(place / "bert")
    make_suspect(place / "llama", "llama")
    make_tsv(place / "clean.tsv")
    return place
