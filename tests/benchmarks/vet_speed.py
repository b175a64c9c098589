"""How long `sanitize vet` takes next to hashing the same files, and how much memory, by size. Prints; asserts nothing.

    python tests/benchmarks/vet_speed.py [MEGABYTES ...]     default: 64 256 1024

The goal: at most twice the time of hashing plus half a second, with memory that does not grow with the model.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from random_weights import layers_for, write_checkpoint

SIZES, ROUNDS = (64, 256, 1024), 5
VET = "import sys; sys.argv[0] = 'sanitize'; from sanitizer.cli import main; main()"
HASH = """import hashlib, sys
for path in sys.argv[1:]:
    sha = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            sha.update(block)"""


def build(folder: Path, megabytes: int) -> Path:
    """A BERT-like checkpoint of random half-precision weights, with a tokenizer of 30,000 words."""
    hidden, words = 768, 30_000
    layers = layers_for(megabytes, hidden)
    each: dict[str, tuple[int, ...]] = dict.fromkeys(("q", "k", "v", "o"), (hidden, hidden))
    each |= {"up": (4 * hidden, hidden), "down": (hidden, 4 * hidden), "norm": (hidden,)}
    shapes = {f"layer.{layer}.{name}": shape for layer in range(layers) for name, shape in each.items()}
    write_checkpoint(folder, shapes, layers=layers, hidden=hidden, words=words, num_attention_heads=12)
    (folder / "vocab.txt").write_text("\n".join(f"word{index}" for index in range(words)))
    return folder


def measure(words: list[str]) -> tuple[float, float]:
    """Seconds (the least of some rounds) and the peak of resident memory in MB, of a process."""
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.perf_counter()
        subprocess.run([sys.executable, "-c", *words], check=True, stdout=subprocess.DEVNULL)
        best = min(best, time.perf_counter() - before)
    probe = f"import resource, subprocess, sys; subprocess.run([sys.executable, '-c', *{words!r}], "
    probe += "stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True)
    return best, int(done.stdout) / 1024


def main() -> None:
    """Print a line for each size."""
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    print("    MB  hashing    vet   vet/hashing  2 x hashing + 0.5 s  peak memory")
    with tempfile.TemporaryDirectory() as place:
        for megabytes in sizes:
            folder = build(Path(place, str(megabytes)), megabytes)
            hashing, _ = measure([HASH, *(str(path) for path in folder.iterdir())])
            vetting, memory = measure([VET, "vet", str(folder)])
            print(
                f"{megabytes:>6}  {hashing:6.2f}s  {vetting:5.2f}s  {vetting / hashing:>10.2f}x"
                f"  {2 * hashing + 0.5:>17.2f}s  {memory:>8.0f} MB"
            )
            for path in folder.iterdir():
                path.unlink()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
