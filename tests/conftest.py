"""Fixtures that every folder of tests may ask for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))
# Tiny tensors: a second thread only gets in the way of the next test process.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from helpers.hub import LoopbackHub

if TYPE_CHECKING:
    from sanitizer.showcase import DemoResult

settings.register_profile("steady", deadline=None)  # a busy machine is no counterexample
settings.load_profile("steady")


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test touches the cache folder of whoever runs it; child processes inherit this one."""
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("cache")
        patch.setenv("SANITIZER_CACHE", str(place))
        yield place


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> DemoResult:
    """The demo, which takes a minute, made once for all who ask."""
    from sanitizer.showcase import demo

    return demo(tmp_path_factory.mktemp("demo") / "shown", seed=0)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A loopback Hub; the client of this process talks to it, with a fresh HF_HOME and no token of its own."""
    from helpers.hub_client import point_client
    from huggingface_hub import close_session

    close_session()
    with LoopbackHub() as server:
        point_client(monkeypatch, server.url, tmp_path / "hf-home")
        yield server
        close_session()
