from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.forecasts import MACHINE, MODEL, ONLY, PACE, PLAIN, TEXTS

from sanitizer.recipe import Recipe, Step
from sanitizer.resources.forecast import BASE, Pace, kept, stages_of, weights_held


def by_name(**changes: object) -> dict[str, tuple[int | None, float | None]]:
    words = {"model": MODEL, "texts": TEXTS, "recipe": PLAIN, "machine": MACHINE, "pace": PACE, **changes}
    found = stages_of(*(words[name] for name in ("model", "texts", "recipe", "machine", "pace")))  # type: ignore[arg-type]
    return {stage.name: (stage.memory, stage.seconds) for stage in found}


def test_stages_come_in_the_order_of_a_run() -> None:
    assert list(by_name()) == [
        *("vet", "open", "measure before", "scan", "score", "choose", "finetune", "save", "measure after", "scan again")
    ]
    assert "finetune" not in by_name(recipe=ONLY)


def test_a_forward_pass_is_numbers_times_tokens_times_pace() -> None:
    """By hand: 150 texts of 100 tokens meet the layers and the matrix that makes words."""
    assert by_name()["measure before"][1] == pytest.approx(150 * 100 * (6.5e9 + 32_000 * 4096) * 1e-13)
    assert by_name()["score"][1] == pytest.approx(2 * 700 * 100 * (6.5e9 + 32_000 * 4096) * 1e-13)


def test_weights_take_their_bytes_and_tuning_sixteen_each() -> None:
    assert weights_held(MODEL, MACHINE) == 14 * 10**9
    memory = by_name()["finetune"][0]
    assert memory is not None
    assert memory > BASE + 16 * 7 * 10**9


def test_activations_of_a_layer_follow_the_paper() -> None:
    """Korthikanti et al. 2022, equation 2, at its 16 bits, for one layer: s b h (34 + 5 a s / h)."""
    one = replace(MODEL, task="classification", layers=1)
    by_hand = 200 * 8 * 4096 * (34 + 5 * 32 * 200 / 4096)
    assert kept(one, MACHINE, 200, grown=False) == pytest.approx(by_hand, rel=1e-6)
    assert kept(one, MACHINE, 200, grown=True) == pytest.approx(2 * by_hand, rel=1e-6)


def test_a_spread_model_takes_less_memory_and_more_time() -> None:
    spread = by_name(recipe=ONLY, machine=replace(MACHINE, spread=4 * 10**9))
    whole = by_name(recipe=ONLY)
    for name in ("scan", "score", "measure before"):
        assert (spread[name][0] or 0) < (whole[name][0] or 0)
        assert (spread[name][1] or 0) > (whole[name][1] or 0)


def test_what_nobody_can_tell_is_not_told() -> None:
    assert by_name(recipe=Recipe("ensemble"))["score"] == (None, None)
    assert by_name(recipe=Recipe("random", treatments=(Step("somebodys"),)))["somebodys"][1] is None


def test_tuning_takes_the_passes_of_its_settings() -> None:
    """By hand: three passes for each of two epochs over 700 texts, and two over 150 to validate."""
    steps = (Step("remove"), Step("finetune", {"epochs": 2, "patience": 1, "batch_size": 4}))
    found = by_name(recipe=Recipe("gradient", treatments=steps))
    passes = 3 * 2 * 700 + 2 * 150
    assert found["finetune"][1] == pytest.approx(passes * 100 * (6.5e9 + 32_000 * 4096) * 1e-13)
    assert (found["finetune"][0] or 0) < (by_name()["finetune"][0] or 0), "4 texts at a time, not 32"


def test_where_nothing_is_removed_the_suspect_alone_is_checked() -> None:
    one_pass = 150 * 100 * (6.5e9 + 32_000 * 4096) * 1e-13
    assert by_name(recipe=Recipe("random", treatments=()))["choose"][1] == pytest.approx(one_pass)
    assert (by_name()["choose"][1] or 0) > 2 * one_pass
    assert by_name(recipe=Recipe("random", treatments=()))["score"] == (weights_held(MODEL, MACHINE), 0.0)


def test_what_beginning_takes_is_added_whatever_the_size() -> None:
    slow = by_name(pace=Pace(1e-13, 1e-9, vet=2.0, build=3.0))
    for name, more in (("vet", 2.0), ("open", 3.0), ("scan", 0.0)):
        assert (slow[name][1] or 0) == pytest.approx((by_name()[name][1] or 0) + more)
