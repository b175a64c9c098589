"""`python -m sanitizer` is `sanitize`."""

from __future__ import annotations

import subprocess
import sys


def test_the_module_runs_as_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "sanitizer", "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("sanitize")
