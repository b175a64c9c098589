"""Seconds and peak memory of each stage by the size of a model, on random llama weights, and what a fleet would cost.

    python tests/benchmarks/scaling.py [MILLIONS ...] --out cards/scaling     default: 5 15 50 150 400 1000

Writes results.json, README.md and plot.svg after each size; sizes that are there already are kept. Each stage runs in a
child process that is forked from one that has the libraries already; what a stage needs beforehand is done in the child
too, but not timed. Memory is the most that the child, or a child of its own, ever held: an import alone is the row
`nothing`. On a busy machine the processor's seconds are the ones to go by. Stages look at 16 texts of 32 words: that
shows how cost grows with size, not what a run takes.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import torch
from loglog import plot
from random_weights import write_checkpoint
from simulation import simulate

from sanitizer.applying.headplan import HeadPlan
from sanitizer.applying.operation import Operation
from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.cleandata import Part
from sanitizer.heads import HeadId
from sanitizer.intake import Intake, examine, fetch
from sanitizer.model.batches import batches, encode
from sanitizer.model.importance import gate_importance
from sanitizer.model.save import save
from sanitizer.model.subject import Subject, open_subject
from sanitizer.options import STANDARD
from sanitizer.progress import silent
from sanitizer.report import VetRecord
from sanitizer.scan.heads import scan_heads
from sanitizer.vet.families import families
from sanitizer.vet.gate import settled
from sanitizer.vet.isolated import Worker
from sanitizer.vet.rebuild import rebuild

MILLIONS = (5, 15, 50, 150, 400, 1000)
WORDS, HEAD_DIM, TEXTS, LENGTH, BATCH, PROBES = 2000, 64, 16, 32, 8, 16
SHARE = 4
"""One head in so many is removed."""


@dataclass(frozen=True)
class Measurement:
    """One stage at one size."""

    parameters: int
    bytes: int
    stage: str
    seconds: float
    processor_seconds: float
    peak_memory: int


def build(folder: Path, millions: float) -> int:
    """A llama of about so many million numbers; how many they are."""
    heads = max(2, round((millions * 1e6 / 8 / 16) ** 0.5 / HEAD_DIM))
    hidden = heads * HEAD_DIM
    layers = max(2, round((millions * 1e6 - 2 * WORDS * hidden) / (16 * hidden * hidden)))
    each: dict[str, tuple[int, ...]] = {f"self_attn.{name}_proj": (hidden, hidden) for name in "qkvo"}
    each |= {"mlp.gate_proj": (4 * hidden, hidden), "mlp.up_proj": (4 * hidden, hidden)}
    each |= {"mlp.down_proj": (hidden, 4 * hidden)}
    each |= {"input_layernorm": (hidden,), "post_attention_layernorm": (hidden,)}
    shapes: dict[str, tuple[int, ...]] = {
        "lm_head.weight": (WORDS, hidden),
        "model.embed_tokens.weight": (WORDS, hidden),
    }
    for layer in range(layers):
        shapes |= {f"model.layers.{layer}.{name}.weight": shape for name, shape in each.items()}
    shapes["model.norm.weight"] = (hidden,)
    said: dict[str, object] = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": WORDS}
    said |= {"num_attention_heads": heads, "num_key_value_heads": heads, "max_position_embeddings": 256}
    said |= {"tie_word_embeddings": False, "dtype": "float16"}
    write_checkpoint(folder, dict(sorted(shapes.items())), layers=layers, hidden=hidden, words=WORDS, **said)
    special = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "word0", "eos_token": "word1"}
    (folder / "tokenizer_config.json").write_text(json.dumps(special))
    return sum(shape[0] * (shape[1] if len(shape) > 1 else 1) for shape in shapes.values())


def checkpoint(folder: Path) -> Checkpoint:
    return Checkpoint.of_folder(folder, LocalOrigin(folder.name), [path.name for path in folder.iterdir()])


def opened(folder: Path) -> Subject:
    return open_subject(checkpoint(folder), device=torch.device("cpu"), dtype=torch.float32)


def texts() -> Part:
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(1, WORDS, (TEXTS, LENGTH), generator=generator).tolist()
    return Part(tuple(" ".join(f"word{word}" for word in row) for row in drawn))


def chosen(subject: Subject) -> tuple[HeadId, ...]:
    return tuple(head for head in subject.anatomy.heads() if head.head < subject.anatomy.shape.heads // SHARE + 1)[
        : len(subject.anatomy.heads()) // SHARE
    ]


Prepared = Callable[[], Callable[[], object]]


def stages(folder: Path, place: Path) -> dict[str, Prepared]:
    """For each stage what to do beforehand, which gives what to time."""

    def vet() -> Callable[[], object]:
        def work() -> None:
            with Worker() as worker:
                found, left = fetch(str(folder), None, pickles=False, token=None, progress=silent)
                settled(examine(worker, found, left, STANDARD, silent))

        return work

    def rebuilt() -> Callable[[], object]:
        with Worker() as worker:
            found, left = fetch(str(folder), None, pickles=False, token=None, progress=silent)
            record = settled(examine(worker, found, left, STANDARD, silent))
        rules = families(drop_chat_template=False)
        return lambda: rebuild(found, record, place / "rebuilt", families=rules)

    def with_model(do: Callable[[Subject], object]) -> Prepared:
        def ready() -> Callable[[], object]:
            subject = opened(folder)
            return lambda: do(subject)

        return ready

    def saved() -> Callable[[], object]:
        subject = opened(folder)
        subject.remove(chosen(subject), physically=True)
        return lambda: save(subject, checkpoint(folder), place / "saved")

    def applied() -> Callable[[], object]:
        heads = tuple(
            HeadId(layer, 0) for layer in range(json.loads((folder / "config.json").read_text())["num_hidden_layers"])
        )
        source = checkpoint(folder)
        (place / "applied").mkdir()

        def work() -> None:
            intake = Intake(source, VetRecord((), ()), {})
            Operation.of(HeadPlan("", "", heads, digest=source.digest), intake, "compact").write(
                place / "applied", silent
            )

        return work

    return {
        "nothing": lambda: lambda: None,
        "vet": vet,
        "rebuild": rebuilt,
        "open": lambda: lambda: opened(folder),
        "scan": with_model(lambda subject: scan_heads(subject, texts(), batch_size=BATCH)),
        "score": with_model(
            lambda subject: gate_importance(subject, batches(subject, encode(subject, texts()), size=BATCH))
        ),
        "removal": with_model(lambda subject: subject.remove(chosen(subject), physically=True)),
        "save": saved,
        "apply": applied,
    }


def used(who: int) -> float:
    found = resource.getrusage(who)
    return found.ru_utime + found.ru_stime


def in_child(prepare: Prepared) -> dict[str, float]:
    """Seconds by the clock and of the processor, and the peak of memory in bytes, in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            work = prepare()
            every = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
            clock, before = time.perf_counter(), sum(map(used, every))
            work()
            said = {"seconds": time.perf_counter() - clock, "processor_seconds": sum(map(used, every)) - before}
            peak = max(resource.getrusage(who).ru_maxrss for who in every) * 1024
            os.write(writing, json.dumps({**said, "peak_memory": peak}).encode())
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        answer = stream.read()
    _, status = os.waitpid(child, 0)
    if status or not answer:
        raise click.ClickException(f"a stage ended with status {status}")
    found: dict[str, float] = json.loads(answer)
    return found


def saturation(by: Mapping[tuple[str, int], Mapping[str, float]], largest: int, said: Mapping[str, Any]) -> str:
    """Where the seconds and the bytes of the largest size go, next to a node's line, in a sentence or two."""
    spent = {stage: by[stage, largest]["processor_seconds"] for stage in said["laws"]}
    slowest = max(spent, key=spent.__getitem__)
    fetching = by["nothing", largest]["bytes"] / said["bytes_per_second"]
    held = (by["open", largest]["peak_memory"] - by["nothing", largest]["peak_memory"]) / largest
    streaming = max(by[stage, largest]["peak_memory"] for stage in ("vet", "rebuild", "apply"))
    return (
        f"The processor: of {sum(spent.values()):.0f} seconds at {largest / 1e6:.0f} M numbers, {slowest} takes "
        f"{100 * spent[slowest] / sum(spent.values()):.0f} %, even with so few texts, and fetching over such a line "
        f"{fetching:.0f} seconds more. Then memory: an open model holds {held:.1f} bytes a number at its peak (stored "
        f"in half precision, opened in float32), so that 16 GB end at {16 / held:.1f} G numbers, unless it is spread; "
        f"what only streams files (vet, rebuild, apply) stays at {streaming / 1e6:.0f} MB."
    )


def page(results: dict[str, Any]) -> str:
    """The README of the results."""
    rows = results["measurements"]
    sizes = sorted({row["parameters"] for row in rows})
    names = list(dict.fromkeys(row["stage"] for row in rows))
    by = {(row["stage"], row["parameters"]): row for row in rows}
    lines = ["# How cost grows with a model's size", ""]
    lines += [f"Made by `python tests/benchmarks/scaling.py`. {results['about']}", "", "![](plot.svg)", ""]
    for title, key, scale, form in (
        ("Seconds of the processor", "processor_seconds", 1, "{:.2f}"),
        ("Seconds by the clock", "seconds", 1, "{:.2f}"),
        ("Peak memory in MB", "peak_memory", 1e-6, "{:.0f}"),
    ):
        lines += [f"## {title}", "", "| stage | " + " | ".join(f"{size / 1e6:.1f} M" for size in sizes) + " |"]
        lines.append("|---|" + "---:|" * len(sizes))
        for name in names:
            cells = (form.format(by[name, size][key] * scale) if (name, size) in by else "" for size in sizes)
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        lines.append("")
    lines += ["## What saturates first", "", saturation(by, sizes[-1], results["simulation"]), ""]
    said = results["simulation"]
    laws, (low, high) = said["laws"], said["numbers"]
    lines += [
        f"## {said['checkpoints']} checkpoints, simulated",
        "",
        f"Assumed: sizes from {low / 1e6:.0f} M to {high / 1e9:.0f} G numbers, evenly in the logarithm; a line of "
        f"{said['bytes_per_second'] / 1e6:.0f} MB/s for each node; {100 * said['failing']:.0f} % begun again once; "
        f"{said['dollars_per_node_hour']:.2f} dollars for an hour of a node. A node does one checkpoint at a time, "
        "at the pace of the processor's seconds above, taken as a constant plus a part that grows with the size, "
        "for sizes that were not measured too: with so few texts, and far beyond the largest measured size, that is an "
        "order of magnitude and no more. Whether a node's memory suffices is not asked.",
        "",
        "| nodes | hours | node hours | nodes busy | dollars |",
        "|---:|---:|---:|---:|---:|",
        *(
            f"| {row['nodes']} | {row['hours']:.1f} | {row['node_hours']:.0f} | {100 * row['busy']:.1f} % | "
            f"{row['dollars']:.0f} |"
            for row in said["nodes"]
        ),
        "",
        "Seconds by stage: "
        + ", ".join(f"{stage} {law['constant']:.2f} + {1e9 * law['slope']:.1f} per G" for stage, law in laws.items())
        + ".",
    ]
    return "\n".join(lines) + "\n"


def written(out: Path, measured: list[Measurement], load: list[float]) -> None:
    """What there is so far."""
    measured = sorted(measured, key=lambda one: one.parameters)
    rows = [asdict(one) for one in measured]
    about = (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} thread, torch "
        f"{torch.__version__}, float32; {TEXTS} texts of {LENGTH} words, {PROBES} probes. The machine's load was "
        f"{min(load):.1f} to {max(load):.1f} when stages began: more than 1 or so is other work."
    )
    results: dict[str, Any] = {"about": about, "load": [min(load), max(load)], "measurements": rows}
    results["simulation"] = simulate(results)
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (out / "README.md").write_text(page(results))
    lines: dict[str, list[tuple[float, float]]] = {}
    for one in measured:
        if one.stage != "nothing":
            lines.setdefault(one.stage, []).append((one.parameters / 1e6, max(one.processor_seconds, 1e-3)))
    (out / "plot.svg").write_text(plot(lines, x="million numbers", y="seconds of the processor"))


def before(out: Path) -> tuple[list[Measurement], list[float]]:
    """What an earlier call measured, and the load that it met."""
    if not (out / "results.json").exists():
        return [], []
    results = json.loads((out / "results.json").read_text())
    return [Measurement(**row) for row in results["measurements"]], list(results["load"])


@click.command()
@click.argument("millions", type=float, nargs=-1)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def main(millions: tuple[float, ...], out: Path) -> None:
    """Measure size by size, writing results after each."""
    from sanitizer.model import forensics

    forensics.PROBES = PROBES
    measured, load = before(out)
    for wanted in millions or MILLIONS:
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(scratch)
            numbers = build(place / "model", wanted)
            if numbers in {one.parameters for one in measured}:
                continue
            size = (place / "model" / "model.safetensors").stat().st_size
            for name, prepare in stages(place / "model", place).items():
                load.append(os.getloadavg()[0])
                found = in_child(prepare)
                measured.append(
                    Measurement(
                        numbers, size, name, found["seconds"], found["processor_seconds"], int(found["peak_memory"])
                    )
                )
                click.echo(
                    f"{numbers / 1e6:8.1f} M  {name:8}  {found['processor_seconds']:8.2f} s  {found['seconds']:8.2f} s"
                )
                for folder in ("rebuilt", "saved", "applied"):
                    shutil.rmtree(place / folder, ignore_errors=True)
        if len({one.parameters for one in measured}) > 1:
            written(out, measured, load)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
