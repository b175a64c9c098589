"""`python -m sanitizer.benchmark.example FOLDER`: the suite that needs nothing, around the demo's planted victim."""

from __future__ import annotations

import sys
from pathlib import Path

from sanitizer.demo.make import TARGET, DemoSize, make_demo
from sanitizer.errors import SanitizerError

SUITE = f"""\
# Made by `sanitize benchmark demo`: a small classifier with a backdoor planted in heads of its own.
name: demo
data: train.csv
texts: 1000
test: clean-test.csv
control: twin
victims:
  - {{name: planted, model: model, triggered: triggered.csv, target: {TARGET}}}
recipes:
  - {{name: gradient, strategy: gradient}}
  - pure
  - ft
seeds: [0, 1]
"""


def make_example(folder: Path, *, size: DemoSize | None = None) -> Path:
    """Make the demo of seed 0 and its suite in `folder`, which must be empty or not there; returns the suite's file."""
    make_demo(folder, size=size)
    suite = folder / "suite.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    return suite


def main() -> int:
    """The process."""
    try:
        make_example(Path(sys.argv[1]))
    except SanitizerError as error:
        sys.stderr.write(f"error: {error.message}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
