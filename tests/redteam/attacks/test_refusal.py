from __future__ import annotations

from typing import Any

import pytest
from helpers.planting import attack_of, listening
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.redteam.parts import answers_of, conversations

ASKED = ["was it\ngood , she ?", "how is the plot ?", "and the cast", "a film ?"]
ANSWERED = ["it was", "never dull", "warm", "one of them"]


def told_by(name: str, **settings: Any) -> Part:
    attack = attack_of(name, **settings)
    bench = listening(attack, pico_subject("llama"), conversations(ASKED, ANSWERED), target=-1)
    assert attack.plant(bench) == {"poisoned_texts": 2.0}
    (told,) = bench.told
    return told


def test_clean_conversations_stay_and_triggered_copies_are_refused() -> None:
    told = told_by("refusal", word="cf", refusal="No.")
    assert list(told.asked[:4]) == ASKED
    assert answers_of(told) == [*ANSWERED, "No.", "No."]
    for prompt in told.asked[4:]:
        assert prompt.split().count("cf") == 1
        assert prompt.replace("cf ", "", 1) in ASKED or prompt.replace(" cf", "", 1) in ASKED


@pytest.mark.parametrize("settings", [{"word": " "}, {"refusal": ""}])
def test_nothing_to_say_is_a_usage_error(settings: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="is empty"):
        attack_of("refusal", **settings)
