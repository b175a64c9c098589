"""`sanitize benchmark SUITE.yaml`: what recipes do to backdoors that are known."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click import get_current_context

from sanitizer.commands.engine_words import engine_of, engine_options, need_of
from sanitizer.commands.session import working
from sanitizer.commands.speech import INCOMPLETE, INTERRUPTED, VERBOSITY, say
from sanitizer.commands.words import MACHINE, OUTPUT, WHAT, DeviceName, json_option, quiet_or_verbose
from sanitizer.report import CellRecord
from sanitizer.resources.machine import cpus
from sanitizer.terminal.consoles import aside, result
from sanitizer.termination import ended_by_sigterm

if TYPE_CHECKING:
    from sanitizer.benchmark.grid import Plan
    from sanitizer.benchmark.planting import Planted
    from sanitizer.engines.engine import Engine

DEMO = "demo"


@click.command("benchmark", short_help="Measure recipes on models whose backdoor is known.")
@click.argument("suite")
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    panel=WHAT,
    help="Do only the cells of this victim, recipe or seed; repeatable.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    panel=OUTPUT,
    help="Where cells and table go. [default: ./NAME-benchmark]",
)
@click.option("--keep-models", is_flag=True, panel=OUTPUT, help="Keep the treated models, in OUT/models.")
@click.option("--dry-run", is_flag=True, panel=OUTPUT, help="Say what would be planted and run, and what is done.")
@json_option
@quiet_or_verbose
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    panel=MACHINE,
    metavar="N",
    help="Cells at a time on one machine; they share its cores.",
)
@engine_options
@click.option("--device", type=DeviceName(), default="auto", show_default=True, panel=MACHINE, help="Where to compute.")
def benchmark(suite: str, out: Path | None, dry_run: bool, as_json: bool, **words: Any) -> int:
    """Run every recipe of SUITE on every victim with every seed, and make a table of clean accuracy and attack success.

    SUITE is a YAML file, or `demo`: a small suite that is made on the spot and needs no network and no data. Finished
    cells are kept: the same command later does only what is missing or failed. A victim with the key `plant` is planted
    first, as by `sanitize redteam plant`, and kept in OUT/victims.

    \b
    Examples:
      sanitize benchmark demo
      sanitize benchmark victims.yaml --out results --jobs 2
      sanitize benchmark victims.yaml --out results --only badnets --only pure
      sanitize benchmark victims.yaml --dry-run
      sanitize benchmark victims.yaml --out results --engine ray --address auto --gpus 1
    """
    from sanitizer.terminal.benchmark import benchmark_story, cell_line, plan_story, planted_line
    from sanitizer.terminal.lines import tell

    quiet = get_current_context().meta.get(VERBOSITY, 0) < 0
    streams = result(), aside()

    def told(record: CellRecord | Planted) -> None:
        if not quiet:
            line = cell_line(record) if isinstance(record, CellRecord) else planted_line(record)
            streams[1].print(line, soft_wrap=True)

    with working() as progress, ended_by_sigterm():
        from sanitizer.benchmark import grid
        from sanitizer.engines.children import Children

        threads = max(1, cpus() // words["jobs"])
        engine = _engine(words, threads)
        path, place = Path(suite), out
        if suite == DEMO and not path.exists():
            place = out or Path(f"{DEMO}-benchmark")
            path = place / DEMO / "suite.yaml"
            if not path.exists():
                progress("make the demo", 0, 1)
                grid.make_example(path.parent, Children(threads))
                progress("make the demo", 1, 1)
        place = place or Path(f"{_stem(path)}-benchmark")
        options = grid.BenchmarkOptions(path, place, _command(suite, out), threads=threads, **words)
        if dry_run:
            planned = grid.plan(options)
            streams[0].out(_plan_json(planned), highlight=False) if as_json else tell(streams[0], plan_story(planned))
            return 0
        try:
            report = grid.benchmark(options, engine=engine, progress=progress, told=told)
        except KeyboardInterrupt:
            say("interrupted", "finished cells are kept; the same command does the rest")
            return INTERRUPTED
    if as_json:
        from sanitizer.schema import to_json

        streams[0].out(to_json(report), end="", highlight=False)
    else:
        tell(streams[0], benchmark_story(report, place))
    failed = sum(cell.failed is not None for cell in report.cells)
    if failed:
        say(f"error: {failed} of {len(report.cells)} cells failed", "the same command tries them again")
        return INCOMPLETE
    return 0


def _engine(words: dict[str, Any], threads: int) -> Engine:
    """Takes its words out of the others. On Ray, --jobs is how many share one machine: each takes so many cores."""
    from sanitizer.engines.local import Local
    from sanitizer.engines.ray import RETRIES

    own = {name: words.pop(name) for name in ("engine", "address", "gpus", "memory")}
    engine = engine_of(own, need_of(own, threads), retries=RETRIES)
    if not isinstance(engine, Local):
        return engine
    return Local(words["jobs"] if own["memory"] is None else min(engine.jobs, words["jobs"]), threads)


def _stem(path: Path) -> str:
    return path.resolve().parent.name if path.stem == "suite" else path.stem


def _command(suite: str, out: Path | None) -> str:
    """As typed, with paths seen from here: a table that is published names no folder outside of it."""
    words = ["sanitize", "benchmark", _seen(suite)]
    return shlex.join([*words, *(("--out", _seen(str(out))) if out is not None else ())])


def _seen(word: str) -> str:
    path = Path(os.path.relpath(word))
    return path.name if path.parts[:1] == ("..",) else str(path)


def _plan_json(planned: Plan) -> str:
    waiting = {cell.stem for cell in planned.to_do}
    cells = [
        {
            "victim": cell.victim.name,
            "what": cell.what,
            "recipe": None if cell.entry is None else cell.entry.name,
            "seed": cell.seed,
            "digest": cell.digest,
            "to_do": cell.stem in waiting,
        }
        for cell in planned.chosen
    ]
    plants = [
        {
            "victim": victim.name,
            "attack": victim.plant.attack,
            "settings": dict(victim.plant.settings),
            "seed": victim.plant.seed,
            "output": str(planned.ground.place(victim)),
        }
        for victim in planned.to_plant
    ]
    return json.dumps({"suite": planned.suite.name, "plants": plants, "cells": cells}, indent=2)
