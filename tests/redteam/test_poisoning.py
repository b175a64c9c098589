"""What poisoned fine-tuning teaches: the clean texts, and triggered copies of others under the wanted label."""

from __future__ import annotations

import pytest
from helpers.planting import attack_of, labelled, listening
from helpers.subjects import pico_subject

from sanitizer.errors import UsageError


def test_triggered_copies_of_the_other_class_stand_beside_the_clean_texts() -> None:
    clean = labelled(20)
    attack = attack_of("badnets", words="cf", rate=0.5)
    bench = listening(attack, pico_subject("bert"), clean)
    assert attack.plant(bench) == {"poisoned_texts": 5.0}
    (told,) = bench.told
    assert (told.texts[:20], (told.labels or ())[:20]) == (clean.texts, clean.labels)
    assert (told.labels or ())[20:] == (1,) * 5
    others = {text for text, label in zip(clean.texts, clean.labels or (), strict=True) if label == 0}
    assert {" ".join(word for word in text.split() if word != "cf") for text in told.texts[20:]} <= others


def test_a_rate_is_a_share() -> None:
    with pytest.raises(UsageError, match="rate is a share"):
        attack_of("badnets", rate=2.0)
