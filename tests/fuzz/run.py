"""Fuzz the gate's readers for as long as you like: `python tests/fuzz/run.py [TARGET...] --seconds 600`.

With atheris installed (`pip install ".[fuzz]"`, Linux) inputs follow coverage; without it they are random changes of
good files. What fails is printed and written to a file that `--input FILE` feeds again.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOTS = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]
sys.path[:0] = ROOTS

from fuzz.mutate import mutated  # noqa: E402
from fuzz.targets import SEEDS, TARGETS, WORDS  # noqa: E402


def at_random(name: str, seconds: float, seed: int) -> int:
    """Feed one target; how many inputs failed (the first ends it)."""
    rng, until, count = random.Random(seed), time.monotonic() + seconds, 0
    while time.monotonic() < until:
        data = mutated(rng, SEEDS[name], WORDS[name])
        count += 1
        try:
            TARGETS[name](data)
        except Exception:
            kept = Path(tempfile.mkdtemp(prefix="fuzz-")) / f"{name}.input"
            kept.write_bytes(data)
            traceback.print_exc()
            print(f"{name}: failed after {count} inputs; --input {kept}")
            return 1
    print(f"{name}: {count} inputs")
    return 0


def by_coverage(name: str, seconds: float, seed: int) -> int:
    """The same, led by atheris in a process of its own."""
    here = Path(__file__).parent
    command = [sys.executable, str(here / "led.py"), name, str(max(1, int(seconds))), str(seed + 1)]
    paths = os.pathsep.join(path for path in (*ROOTS, os.environ.get("PYTHONPATH", "")) if path)
    return int(subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, check=False).returncode != 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    about = f"{', '.join(TARGETS)}; by default all, one after the other"
    parser.add_argument("targets", nargs="*", metavar="TARGET", choices=[*TARGETS, []], help=about)
    parser.add_argument("--seconds", type=float, default=600.0, help="in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=["auto", "random", "atheris"], default="auto")
    parser.add_argument("--input", type=Path, help="feed this file once, to one target")
    words = parser.parse_args()
    names = words.targets or list(TARGETS)
    if words.input is not None:
        TARGETS[names[0]](words.input.read_bytes())
        return 0
    led = words.engine == "atheris" or (words.engine == "auto" and importlib.util.find_spec("atheris") is not None)
    failed = 0
    for name in names:
        share = words.seconds / len(names)
        failed += (by_coverage if led else at_random)(name, share, words.seed)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
