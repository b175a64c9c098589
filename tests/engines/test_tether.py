"""A tethered process ends with its parent, even one that could not say goodbye."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.processes import ends

PARENT = """
import os, subprocess, sys
words = [sys.executable, "-P", "-m", "sanitizer.engines.tether", str(os.getpid()), "child_of_tether", "a", "b"]
subprocess.run(words)
"""
CHILD = """
import os, sys, time
open("said.new", "w").write(f"{os.getpid()} {__name__} {sys.argv[1:]}")
os.replace("said.new", "said")
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
def test_the_child_of_a_parent_that_is_killed_ends(tmp_path: Path) -> None:
    (tmp_path / "child_of_tether.py").write_text(CHILD)
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=tmp_path, env=env)
    said = tmp_path / "said"
    while not said.exists():
        time.sleep(0.01)
    pid, name, words = said.read_text().split(maxsplit=2)
    assert (name, words) == ("__main__", "['a', 'b']")
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert ends(int(pid)), "it outlived its parent"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
def test_one_whose_parent_is_gone_already_does_not_begin(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sanitizer.engines.tether", "1", "no_such_module"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL or os.getpid() == 1
