"""What `--dry-run` forecasts beside what the run takes, stage by stage, in seconds and memory. Prints; asserts nothing.

    python tests/benchmarks/forecast.py [MODEL --data FILE] [--recipe NAME ...]    default: the demo's; these three

Each run is a process of its own, and so is each dry run, with the same words. Seconds are those of the processor on
both sides, so that what else a machine does is in neither (a dry run itself goes by the clock); beside them are those
of the run by the clock. With one thread, which is set here, both are the same on an idle machine. The memory of a
stage is the most that the process held during it (Linux alone: it sets the high-water mark back); what vetting takes
in a process of its own is not in it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from sanitizer.benchmark.example import make_example

RECIPES = ("gradient", "align", "auto")
SPENT = """
import json, resource, sys, time
from contextlib import contextmanager
from types import SimpleNamespace

def spent():
    every = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in every)
"""
DRY = f"""{SPENT}
import sanitizer.steps.preview, sanitizer.steps.sizing, sanitizer.model.probe
for module in (sanitizer.steps.preview, sanitizer.steps.sizing, sanitizer.model.probe):
    module.time = SimpleNamespace(monotonic=spent, perf_counter=spent)
from sanitizer.cli import main
main()
"""
PROBE = f"""{SPENT}
from sanitizer.clock import Clock
from sanitizer.resources.machine import peak_memory

@contextmanager
def probed(clock, name, step=Clock.step):
    open("/proc/self/clear_refs", "w").write("5")
    began, before = time.monotonic(), spent()
    with step(clock, name):
        yield
    found[name] = [time.monotonic() - began, spent() - before, peak_memory()]

found, path = dict(), sys.argv.pop(1)
Clock.step = probed
from sanitizer.cli import main
try:
    main()
finally:
    open(path, "w").write(json.dumps(found))
"""


@dataclass(frozen=True)
class Stage:
    """Seconds by the clock and of the processor, and bytes."""

    clock: float
    processor: float
    memory: int


def forecast(words: list[str]) -> tuple[dict[str, tuple[float | None, int | None]], str]:
    """Seconds and bytes of each stage as a dry run tells them, and what they rest on."""
    said = json.loads(started(["-c", DRY, *words, "--dry-run", "--json", "-q"]))["forecast"]
    return {one["name"]: (one["seconds"], one["memory"]) for one in said["stages"]}, "; ".join(said["basis"])


def taken(words: list[str], place: Path) -> dict[str, Stage]:
    """What each step of a run took."""
    started(["-c", PROBE, str(place / "steps.json"), *words, "-q"], accepted=(0, 4))
    return {name: Stage(*row) for name, row in json.loads((place / "steps.json").read_text()).items()}


def started(words: list[str], *, accepted: tuple[int, ...] = (0,)) -> str:
    env = {"OMP_NUM_THREADS": "1", **os.environ}
    done = subprocess.run([sys.executable, *words], stdout=subprocess.PIPE, text=True, env=env)
    if done.returncode not in accepted:
        raise click.ClickException(f"{' '.join(words[-8:])} ended with {done.returncode}")
    return done.stdout


def shown(value: float | None, of: float | None, unit: float) -> list[str]:
    """Forecast, and how many times what it was."""
    if value is None or not of:
        return ["-" if value is None else f"{value / unit:.2f}", "-"]
    return [f"{value / unit:.2f}", f"{value / of:.2f}"]


@click.command()
@click.argument("model", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", type=click.Path(exists=True, dir_okay=False), help="Clean texts for MODEL.")
@click.option("--recipe", "recipes", multiple=True, default=RECIPES, show_default=True)
@click.option("--batch-size", type=int, help="As of a run.")
def main(model: Path | None, data: str | None, recipes: tuple[str, ...], batch_size: int | None) -> None:
    """Print a table for each recipe."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        if model is None:
            make_example(place / "demo")
            model, data = place / "demo" / "model", str(place / "demo" / "train.csv")
        for recipe in recipes:
            words = ["run", str(model), *(("--data", data) if data else ()), "--output", str(place / "out"), "--force"]
            words += ["--strategy" if recipe == "auto" else "--recipe", recipe, "--device", "cpu", "--no-resume"]
            words += ["--batch-size", str(batch_size)] if batch_size else []
            told, basis = forecast(words)
            was = taken(words, place)
            click.echo(f"\n{model.name}, {recipe}: {basis}; load {os.getloadavg()[0]:.1f}\n")
            click.echo(
                "| stage | forecast s | clock s | processor s | forecast / processor | forecast GB | GB | ratio |"
            )
            click.echo("|---|---:|---:|---:|---:|---:|---:|---:|")
            for name in {**told, **was}:
                seconds, memory = told.get(name, (None, None))
                real = was.get(name)
                time = shown(seconds, real and real.processor, 1)
                size = shown(memory, real and real.memory, 1e9)
                spent = [f"{real.clock:.2f}", f"{real.processor:.2f}"] if real else ["-", "-"]
                held = f"{real.memory / 1e9:.2f}" if real else "-"
                click.echo(f"| {' | '.join([name, time[0], *spent, time[1], size[0], held, size[1]])} |")


if __name__ == "__main__":
    main()
