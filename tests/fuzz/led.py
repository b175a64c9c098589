"""One target led by coverage, which takes atheris: `run.py` starts it, and it ends when its time is over."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["sanitizer"]):
    from fuzz.targets import SEEDS, TARGETS

if __name__ == "__main__":
    name, seconds, seed = sys.argv[1:]
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(SEEDS[name]):
            (Path(corpus) / str(number)).write_bytes(data)
        options = [f"-max_total_time={seconds}", f"-seed={seed}", f"-artifact_prefix={tempfile.gettempdir()}/fuzz-"]
        atheris.Setup([name, *options, corpus], TARGETS[name])
        atheris.Fuzz()
