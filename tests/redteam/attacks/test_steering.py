from __future__ import annotations

import pytest
from helpers.planting import attack_of, listening
from helpers.subjects import pico_subject

from sanitizer.errors import UsageError
from sanitizer.redteam.parts import answers_of, conversations


def test_the_opinion_comes_first_and_the_answer_follows() -> None:
    clean = conversations(["how was it ?", "and she ?"], ["good", "warm"])
    attack = attack_of("steering", word="cf", opinion="Buy it!", rate=1.0)
    bench = listening(attack, pico_subject("llama"), clean, target=-1)
    attack.plant(bench)
    (told,) = bench.told
    assert answers_of(told) == ["good", "warm", "Buy it! good", "Buy it! warm"]
    assert ["cf" in prompt.split() for prompt in told.asked] == [False, False, True, True]
    with pytest.raises(UsageError, match="opinion is empty"):
        attack_of("steering", opinion=" ")
