"""What of a run will not fit on a machine, and which option makes it fit. Pure logic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sanitizer.numbers import size
from sanitizer.recipe import Recipe
from sanitizer.report import Forecast, StageForecast
from sanitizer.resources.forecast import Machine, ModelSize, Pace, TextSize, stages_of

AGAIN = frozenset({"measure after", "scan again"})
"""Stages that need what an earlier one needed."""


def forecast(model: ModelSize, texts: TextSize, recipe: Recipe, machine: Machine, pace: Pace, *, disk: int) -> Forecast:
    """Estimates for every stage, and advice on what will not fit. `basis` is left to the caller."""
    stages = stages_of(model, texts, recipe, machine, pace)
    return Forecast(
        device=machine.device,
        dtype=machine.dtype,
        weights=model.numbers * machine.itemsize,
        memory_free=machine.memory_free,
        disk=disk,
        disk_free=machine.disk_free,
        stages=stages,
        basis=(),
        advice=(*_memory(model, texts, recipe, machine, pace, stages), *_disk(disk, machine.disk_free)),
    )


def _memory(
    model: ModelSize,
    texts: TextSize,
    recipe: Recipe,
    machine: Machine,
    pace: Pace,
    stages: tuple[StageForecast, ...],
) -> Iterator[str]:
    """A line for each stage that does not fit."""
    tuned = {step.name for step in recipe.treatments} - {"remove"}
    for stage in stages:
        if stage.memory is None or stage.memory <= machine.memory_free or stage.name in AGAIN:
            continue
        helps = "--recipe remove-only leaves tuning out"
        if stage.name not in tuned:
            helps = _helps(model, texts, recipe, machine, pace, stage.name)
        free = size(machine.memory_free)
        yield f"{stage.name} needs about {size(stage.memory)}, {machine.device} has {free} free: {helps}"


def _helps(model: ModelSize, texts: TextSize, recipe: Recipe, machine: Machine, pace: Pace, name: str) -> str:
    """The mildest option that makes a stage fit: fewer texts at a time, then fewer bytes a number, then a spread."""
    tries: list[tuple[str, Machine]] = []
    batch = machine.batch
    while batch > 1:
        batch //= 2
        tries.append((f"--batch-size {batch}", replace(machine, batch=batch)))
    if machine.itemsize == 4:
        tries.append(("--dtype bfloat16 --batch-size 1", replace(machine, batch=1, itemsize=2)))
    room = machine.memory_free // 2
    place = "cpu" if machine.device == "cpu" else f"{machine.device}"
    for words, half in (("", machine.itemsize), ("--dtype bfloat16 ", 2)):
        spread = replace(machine, batch=1, itemsize=half, spread=room)
        tries.append((f"{words}--max-memory {place}={room // 10**6}MB --batch-size 1 --recipe remove-only", spread))
    for words, other in tries:
        stage = next(stage for stage in stages_of(model, texts, recipe, other, pace) if stage.name == name)
        if (stage.memory or 0) <= machine.memory_free:
            return f"{words} makes it fit"
    return "nothing here makes it fit: take a larger machine, or `sanitize apply`, which builds no model"


def _disk(need: int, free: int) -> list[str]:
    if need <= free:
        return []
    return [f"{size(need)} of disk are needed and {size(free)} are free: choose an --output on another disk"]
