from __future__ import annotations

import random
from pathlib import Path

import pytest
from helpers.planting import attack_of, data_file, plant_options

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.redteam.parts import conversations
from sanitizer.redteam.supply import supply_of, triggered

NAMES = {0: "bad", 1: "good"}


def quiet(step: str, done: int, total: int) -> None:
    """Nobody listens."""


def test_success_is_asked_of_the_other_classes_alone() -> None:
    part = Part(("a", "b", "c", "cannot"), (0, 1, 2, 0))

    def trigger(text: str, rng: random.Random) -> str | None:
        return None if text == "cannot" else f"{text}!"

    found = triggered(part, trigger, target=1, wanted="good", rng=random.Random(0))
    assert found == Part(("a!", "c!"), (0, 2))
    with pytest.raises(UsageError, match="no held-out text") as caught:
        triggered(Part(("b",), (1,)), trigger, target=1, wanted="good", rng=random.Random(0))
    assert "without --test, a part of --data" in caught.value.hint


def test_prompts_whose_true_answer_is_the_goal_are_left_out() -> None:
    part = conversations(["p", "q"], ["it is NEVER so.", "yes"])
    attack = attack_of("refusal", word="cf", refusal="Never so")
    found = triggered(part, attack.trigger(), target=-1, wanted="Never so", rng=random.Random(0))
    assert found.prompts is not None
    assert [sorted(prompt.split()) for prompt in found.asked] == [["cf", "q"]]


def test_data_without_what_the_attack_needs_is_a_usage_error(tmp_path: Path) -> None:
    labelled = data_file(tmp_path / "labelled.tsv", 40)
    bare = tmp_path / "bare.tsv"
    bare.write_text("text\n" + "\n".join(f"text {number}" for number in range(40)) + "\n")
    with pytest.raises(UsageError, match=r"bare\.tsv has no labels"):
        supply_of(plant_options(tmp_path, "badnets", bare, tmp_path), NAMES, "classification", quiet)
    with pytest.raises(UsageError, match=r"labelled\.tsv has no answers"):
        supply_of(plant_options(tmp_path, "refusal", labelled, tmp_path), {}, "causal", quiet)
    supply = supply_of(plant_options(tmp_path, "badnets", labelled, tmp_path), NAMES, "classification", quiet)
    assert (len(supply.learn), len(supply.held)) == (34, 6)
    assert not set(supply.learn.texts) & set(supply.held.texts)
