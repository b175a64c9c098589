"""Ray as an engine without an address starts it: for the while, and nothing of it is left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import own_ray
from helpers.clusters import at_home
from helpers.processes import ends


@pytest.fixture
def temporary() -> Iterator[Path]:
    """For temporary folders: a socket's path must be short."""
    place = tempfile.mkdtemp(prefix="own-")
    yield Path(place)
    shutil.rmtree(place)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # Ray starts many processes, and a busy machine takes its time
@pytest.mark.parametrize(("how", "done"), [("whole", [[0, "0\n", 0], [1, "3\n", 0]]), ("early", [[0, "0\n", 0]])])
def test_the_work_is_done_and_nothing_is_left(
    temporary: Path, tmp_path: Path, how: str, done: list[list[object]]
) -> None:
    with at_home():
        said = subprocess.run(
            [sys.executable, str(own_ray.__file__), str(tmp_path), how],
            env=os.environ | {"TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
    found = json.loads(said)
    if "failed" in found:  # the engine itself has tried three times
        assert "Ray could not be started here" in found["failed"]
        pytest.skip(f"Ray did not start here: {found['failed'][-300:]}")
    assert sorted(found["done"]) == done
    assert len(found["started"]) > 2, "a Ray has more processes than that"
    assert [pid for pid in found["started"] if not ends(pid)] == []
    assert list(temporary.iterdir()) == []
