from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.forecasts import MACHINE, MODEL, ONLY, PACE, PLAIN, TEXTS

from sanitizer.recipe import Recipe
from sanitizer.resources.advice import forecast
from sanitizer.resources.forecast import Machine


def advice(machine: Machine, recipe: Recipe = ONLY, *, disk: int = 0) -> tuple[str, ...]:
    return forecast(MODEL, TEXTS, recipe, machine, PACE, disk=disk).advice


def test_what_fits_needs_no_advice() -> None:
    assert advice(MACHINE) == ()


def test_tuning_that_does_not_fit_is_left_out_by_a_recipe() -> None:
    (said,) = advice(MACHINE, PLAIN)
    assert said.startswith("finetune needs about 1")
    assert "--recipe remove-only" in said


@pytest.mark.parametrize(
    ("free", "said"), [(19, "--batch-size 4 makes"), (15.5, "--batch-size 1 makes"), (10, "--max-memory cuda:0=5000MB")]
)
def test_the_mildest_option_that_helps_is_named(free: float, said: str) -> None:
    machine = replace(MACHINE, memory_free=int(free * 1e9))
    lines = [line for line in advice(machine) if line.startswith("score ")]
    assert len(lines) == 1
    assert said in lines[0]


def test_half_precision_is_named_before_a_spread() -> None:
    wide = replace(MACHINE, itemsize=4, dtype="float32", memory_free=int(18e9))
    (line,) = (line for line in advice(wide) if line.startswith("open"))
    assert "--dtype bfloat16 --batch-size 1 makes it fit" in line


def test_where_nothing_helps_it_says_so() -> None:
    machine = replace(MACHINE, memory_free=10**6)
    assert all("nothing here makes it fit" in line or line.startswith("vet") for line in advice(machine))


def test_a_disk_that_is_too_small_is_named() -> None:
    (said,) = advice(replace(MACHINE, disk_free=10), disk=11)
    assert "--output" in said
