from __future__ import annotations

import random
from collections import Counter

import torch
from helpers.pico import SPECIAL, WORDS
from helpers.triggered import TRIGGER, plant

from sanitizer.model.response import Response
from sanitizer.model.vocabulary import neutral_tokens
from sanitizer.model.words import Words, frequent_of

TRIGGER_TOKEN = len(SPECIAL) + WORDS.index(TRIGGER)


def test_frequent_words_are_those_of_the_texts() -> None:
    planted = plant()
    everything = [TRIGGER_TOKEN, *range(len(SPECIAL), TRIGGER_TOKEN)]
    counts = Counter(token for row in planted.clean.rows for token in row["input_ids"])
    found = frequent_of(planted.subject, planted.clean, everything)
    assert TRIGGER_TOKEN not in found
    assert [counts[token] for token in found] == sorted((counts[token] for token in found), reverse=True)
    assert set(found) == counts.keys() - range(len(SPECIAL))


def test_what_is_drawn_is_neutral_or_unexplained_and_what_the_model_reacts_to_comes_often() -> None:
    planted, rng = plant(), random.Random(0)
    neutral = sorted(neutral_tokens(planted.subject, planted.clean) - {TRIGGER_TOKEN})
    polar = next(token for token in range(len(SPECIAL), TRIGGER_TOKEN) if token not in neutral)
    telling = next(token for token in frequent_of(planted.subject, planted.clean, neutral))
    response = Response((TRIGGER_TOKEN, polar, telling), (9.0, 8.0, 7.0), (1.0, 1.0, 0.5))
    words = Words(planted.subject, planted.clean, response, neutral=neutral)
    drawn = Counter(words.draw(rng) for _ in range(1000))
    assert drawn.keys() <= {*neutral, TRIGGER_TOKEN}
    assert drawn[TRIGGER_TOKEN] > 100
    assert drawn[telling] > 350
    assert {words.opening(rng) for _ in range(20)} == {telling}


def test_every_word_is_tried_and_the_trigger_is_among_those_drawn_most() -> None:
    planted = plant()
    words, response = Words.tried(
        planted.subject, planted.clean, most=5, size=8, generator=torch.Generator().manual_seed(0)
    )
    assert response.tokens[0] == TRIGGER_TOKEN
    drawn = Counter(words.draw(random.Random(seed)) for seed in range(500))
    assert drawn[TRIGGER_TOKEN] > 500 / len(WORDS)


def test_texts_without_punctuation_have_no_pauses() -> None:
    planted = plant()
    words = Words(planted.subject, planted.clean, Response((), (), ()), neutral=[len(SPECIAL)])
    assert words.pause(random.Random(0), 1.0) == []
