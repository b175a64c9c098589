"""What every attack is given: a share of the texts that can carry its trigger, and words to choose from."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from helpers.planting import attack_of, bench_of
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.redteam.bench import Bench, carriers, demand_share, settings_of, words_of

TEXTS = tuple(f"text {number}" for number in range(10))


def bench() -> Bench:
    made = bench_of(attack_of("badnets", words="cf"), pico_subject("bert"), Part(TEXTS, (0,) * 10))
    return replace(made, trigger=lambda text, rng: None if text == "text 3" else f"{text}!")


@pytest.mark.parametrize(("rate", "number"), [(1.0, 4), (0.5, 2), (0.01, 1)])
def test_a_share_of_those_that_can_carry_it(rate: float, number: int) -> None:
    found = carriers(bench(), TEXTS, [1, 3, 5, 7, 9], rate)
    assert len(found) == number
    assert found == sorted(found)
    assert all(row != 3 and text == f"text {row}!" for row, text in found)


def test_none_that_can_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="can carry the trigger"):
        carriers(bench(), TEXTS, [3], 1.0)


def test_which_ones_the_seed_decides() -> None:
    first, second = (carriers(replace(bench(), rng=random.Random(5)), TEXTS, range(10), 0.3) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("value", [0.0, -0.1, 1.5, float("nan")])
def test_a_share_is_above_none_and_at_most_all(value: float) -> None:
    demand_share("rate", 1.0)
    with pytest.raises(UsageError, match="rate is a share"):
        demand_share("rate", value)


def test_words_stand_between_commas() -> None:
    assert words_of(" bb, cf,,") == ("bb", "cf")


def test_the_record_has_names_of_files_and_not_where_they_lie() -> None:
    settings = settings_of(attack_of("style", paraphrases="/home/me/pairs.tsv"))
    assert (settings["paraphrases"], settings["originals"]) == ("pairs.tsv", "")
