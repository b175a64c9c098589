from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
import torch
from helpers.pico import CONFIGS, make_model

from sanitizer.model.probe import free_memory, seconds_per_byte, seconds_per_number, seconds_per_product


def test_paces_are_seconds_and_not_rates() -> None:
    """No machine multiplies faster than 1e16 numbers a second, or slower than a thousand of them."""
    generator = torch.Generator().manual_seed(0)
    pace = seconds_per_product(
        torch.device("cpu"), torch.float32, width=64, numbers=64 * 64, tokens=32, generator=generator
    )
    assert math.isfinite(pace)
    assert 1e-16 < pace < 1e-3
    assert 1e-12 < seconds_per_byte() < 1e-3


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="no /proc/meminfo to hold it against")
def test_free_memory_is_below_what_the_machine_has() -> None:
    total = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1)) * 1024  # type: ignore[union-attr]
    assert 0 < free_memory(torch.device("cpu")) < total


@pytest.mark.parametrize("family", CONFIGS)
def test_layers_of_every_family_are_passed_through(family: str) -> None:
    config = make_model(family).config
    before, drawn = config.to_dict(), torch.get_rng_state()
    found = seconds_per_number(config, torch.device("cpu"), torch.float32, numbers=10_000, texts=2, tokens=9)
    assert 0 < found * 3 * 10_000 * 18 < 10
    assert config.to_dict() == before
    assert torch.equal(torch.get_rng_state(), drawn)


def test_more_tokens_cost_less_each() -> None:
    """What a pass does besides multiplying does not grow with the texts, and a small model does little else."""
    config = make_model("bert").config
    few, many = (
        seconds_per_number(config, torch.device("cpu"), torch.float32, numbers=10_000, texts=texts, tokens=8)
        for texts in (1, 64)
    )
    assert few > 3 * many
