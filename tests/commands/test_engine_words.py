from __future__ import annotations

import click
import pytest

from sanitizer.commands.engine_words import Memory, engine_of, need_of
from sanitizer.engines.engine import Need
from sanitizer.engines.local import Local
from sanitizer.engines.ray import Ray
from sanitizer.errors import UsageError
from sanitizer.resources.machine import cpus

WORDS = {"engine": "local", "address": None, "gpus": 0.0, "memory": None}


@pytest.mark.parametrize(
    ("word", "size"),
    [("4GB", 4 * 10**9), ("4 GB", 4 * 10**9), ("500M", 5 * 10**8), ("1.5G", 1_500_000_000), ("9", 9), ("4gib", 2**32)],
)
def test_memory_is_read_with_its_unit(word: str, size: int) -> None:
    assert Memory().convert(word, None, None) == size


@pytest.mark.parametrize("word", ["", "0", "0GB", "-1", "4 X", "GB", "٤GB", "1e9", "4iB"])
def test_what_is_no_amount_of_memory_is_said(word: str) -> None:
    with pytest.raises(click.BadParameter, match="no amount of memory"):
        Memory().convert(word, None, None)


def test_each_engine_has_its_words() -> None:
    assert engine_of(WORDS, need_of(WORDS, 1), retries=1) == Local(cpus(), 1)
    ray = {**WORDS, "engine": "ray", "address": "10.0.0.1:6379", "gpus": 1.0, "memory": 5}
    assert engine_of(ray, need_of(ray, 2), retries=7) == Ray(Need(2, 1.0, 5), "10.0.0.1:6379", 7)
    with pytest.raises(UsageError, match="that of a Ray cluster"):
        need_of({**WORDS, "address": "auto"}, 1)
