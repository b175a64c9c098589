"""How long taking heads out of files takes next to copying them, and how much memory, by size. Prints; asserts nothing.

    python tests/benchmarks/apply.py [MEGABYTES ...]     default: 64 256 1024 4096

For each size a BERT-like checkpoint of random half-precision weights is made, and a plan of a quarter of its heads.
`copy` is what this project calls copying: bytes are hashed as they pass, and held against the digest; `cp` does
neither. `surgery` writes the model's files from a vetted folder, with the same check; `apply` is the whole command:
hashing, vetting in a process of its own, the vetted copy, the surgery and the sums. Times are the least of some rounds
taken in turn, of the command those of one; files lie in the page cache, and nothing but the vetted copy waits for a
disk.

A line below is for `forensics`: it reads the same files and computes with the attention weights, a layer at a time.

From 4096 MB on `vet`, `forensics` and `apply` are run once more under a limit of a quarter of the size on all that a
process may map (RLIMIT_AS, which children inherit): whatever held the model, or a map of its file, would fail there.

The goals: surgery in at most 1.3 times the time of a copy; memory of the whole command, its children included, of at
most twice the largest tensor and 300 MB, the same for every size.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from random_weights import layers_for, write_checkpoint

from sanitizer.applying.headplan import HeadPlan
from sanitizer.applying.operation import Operation
from sanitizer.checkpoint import CHUNK, Checkpoint, LocalOrigin
from sanitizer.heads import HeadId
from sanitizer.intake import Intake
from sanitizer.progress import silent
from sanitizer.report import VetRecord

SIZES, ROUNDS = (64, 256, 1024, 4096), 3
LIMITED, SHARE = 4096, 4
"""From so many MB on, a process may map one part in so many of the checkpoint's size."""
HIDDEN, HEADS, WORDS = 1024, 16, 2000
APPLY = "import sys; sys.argv[0] = 'sanitize'; from sanitizer.cli import main; main()"
LAYER = {
    **{f"attention.self.{name}": (HIDDEN, HIDDEN) for name in ("query", "key", "value")},
    "attention.output.dense": (HIDDEN, HIDDEN),
    "intermediate.dense": (4 * HIDDEN, HIDDEN),
    "output.dense": (HIDDEN, 4 * HIDDEN),
}


def build(folder: Path, megabytes: int) -> int:
    """Write the checkpoint; the number of its layers."""
    layers = layers_for(megabytes, HIDDEN)
    shapes: dict[str, tuple[int, ...]] = {"bert.embeddings.word_embeddings.weight": (WORDS, HIDDEN)}
    for layer in range(layers):
        for name, shape in LAYER.items():
            shapes[f"bert.encoder.layer.{layer}.{name}.weight"] = shape
            shapes[f"bert.encoder.layer.{layer}.{name}.bias"] = shape[:1]
    more = {"vocab_size": WORDS, "max_position_embeddings": 512, "type_vocab_size": 2, "pad_token_id": 0}
    named = dict(sorted(shapes.items()))
    write_checkpoint(folder, named, layers=layers, hidden=HIDDEN, words=WORDS, num_attention_heads=HEADS, **more)
    return layers


def emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def processor() -> float:
    """Seconds of the processor that this process and its children have taken."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def least(works: dict[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """Seconds by the clock and of the processor of each, the least of the rounds.

    In turn, so that what else the machine does meets all of them; on a busy one the processor's are the ones to go by.
    """
    best = dict.fromkeys(works, (float("inf"), float("inf")))
    for _ in range(ROUNDS):
        for name, work in works.items():
            clock, before = time.perf_counter(), processor()
            work()
            spent = time.perf_counter() - clock, processor() - before
            best[name] = min(best[name][0], spent[0]), min(best[name][1], spent[1])
    return best


def command(words: list[str]) -> tuple[float, float, float]:
    """Of a process, once: seconds by the clock and of the processor, the most memory in MB of it or a child of its."""
    probe = "import resource, subprocess, sys, time; start = time.perf_counter(); "
    probe += f"subprocess.run([sys.executable, '-c', *{words!r}], check=True, stdout=subprocess.DEVNULL); "
    probe += "used = resource.getrusage(resource.RUSAGE_CHILDREN); "
    probe += "print(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", probe], check=True, stdout=subprocess.PIPE, text=True)
    clock, spent, memory = done.stdout.split()
    return float(clock), float(spent), int(memory) / 1024


def limited(words: list[str], megabytes: int) -> str:
    """How a command ends, and after how many seconds, where it may map so many MB."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * CHUNK, megabytes * CHUNK))

    start = time.perf_counter()
    # One thread: each maps a stack of its own, and an arena of its own of the allocator.
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env,
        preexec_fn=limit,
    )  # fmt: skip
    told = "ok" if done.returncode == 0 else f"ended with {done.returncode} ({done.stderr.strip()[-200:]})"
    return f"{told} in {time.perf_counter() - start:.1f} s"


def measure(place: Path, megabytes: int) -> None:
    """Print a line by each of the clocks, and for a large one how it goes under a limit."""
    source, out = place / "model", place / "out"
    layers = build(source, megabytes)
    heads = tuple(HeadId(layer, head) for layer in range(layers) for head in range(HEADS // 4))
    (place / "heads.json").write_text(json.dumps({"heads": [str(head) for head in heads]}))
    names = [path.name for path in source.iterdir()]
    vetted = Checkpoint.of_folder(source, LocalOrigin("model"), names)
    plan = HeadPlan("heads.json", "", heads, digest=vetted.digest)

    def copy() -> None:
        target = emptied(out)
        for name in names:
            vetted.copy(name, target / name, durable=False)

    def cp() -> None:
        subprocess.run(["cp", "-r", "--reflink=never", str(source), str(emptied(out))], check=True)

    def surgery() -> None:
        target = emptied(out)
        Operation.of(plan, Intake(vetted, VetRecord((), ()), {}), "compact").write(target, silent)

    words = [APPLY, "apply", str(place / "heads.json"), str(source), "--output", str(place / "done")]
    words += ["--other-model", "--force", "--quiet"]
    took = least({"cp": cp, "copy": copy, "surgery": surgery})
    *whole, memory = command(words)
    looking = [APPLY, "forensics", str(source), "--quiet"]
    looked, _, most_looked = command(looking)
    largest = 2 * 4 * HIDDEN * HIDDEN / CHUNK
    size = sum((source / name).stat().st_size for name in names) / CHUNK
    for by, index in (("clock", 0), ("processor", 1)):
        cp_, copy_, surgery_ = (took[name][index] for name in ("cp", "copy", "surgery"))
        print(
            f"{size:6.0f}  {by:<9}  {cp_:6.2f}s  {copy_:6.2f}s  {surgery_:6.2f}s  {surgery_ / copy_:11.2f}x  "
            f"{surgery_ / cp_:9.2f}x  {whole[index]:6.2f}s  {whole[index] / copy_:9.2f}x  {memory:5.0f} MB  "
            f"{2 * largest + 300:4.0f} MB",
            flush=True,
        )
    print(
        f"{size:6.0f}  forensics {looked:6.2f}s  {looked / took['copy'][0]:6.2f}x of a copy  {most_looked:5.0f} MB",
        flush=True,
    )
    if megabytes >= LIMITED:
        most = megabytes // SHARE
        told = {"vet": [APPLY, "vet", str(source)], "forensics": looking, "apply": words}
        ends = ", ".join(f"{name} {limited(asked, most)}" for name, asked in told.items())
        print(f"{size:6.0f}  under a limit of {most} MB: {ends}", flush=True)
    for folder in (source, out, place / "done"):
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Print a line for each size."""
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    print(
        "    MB  by              cp     copy  surgery  surgery/copy  surgery/cp    apply  apply/copy    memory     goal"
    )
    with tempfile.TemporaryDirectory() as place:
        for megabytes in sizes:
            measure(Path(place), megabytes)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
