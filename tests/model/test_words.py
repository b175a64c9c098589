from __future__ import annotations

import math
import random
from collections import Counter

import pytest
import torch
from helpers.pico import SPECIAL, WORDS
from helpers.triggered import TRIGGER, plant

from sanitizer.model.response import Response
from sanitizer.model.vocabulary import writable
from sanitizer.model.words import SKEWED, Words, skewed

TRIGGER_TOKEN = len(SPECIAL) + WORDS.index(TRIGGER)


def test_a_word_that_one_label_has_more_often_is_skewed() -> None:
    texts = [[1, 2], [1, 3], [1, 2], [1, 3]] * 10
    assert skewed(texts, (0, 1) * 20) == {2, 3}
    assert skewed(texts, (0, 0, 1, 1) * 10) == set()


def test_towards_a_label_only_what_its_own_texts_have_more_often_is_skewed() -> None:
    texts = [[1, 2], [1, 3], [1, 2], [1, 3]] * 10
    assert skewed(texts, (0, 1) * 20, towards=0) == {2}
    assert skewed(texts, (0, 1) * 20, towards=1) == {3}


def test_by_how_many_standard_errors() -> None:
    """12 of 40 texts of one label and 4 of 40 of the other: the textbook's error of a log ratio of shares."""
    texts = [[7]] * 12 + [[]] * 28 + [[7]] * 4 + [[]] * 36
    z = math.log((12.5 / 41) / (4.5 / 41)) / math.sqrt(1 / 12.5 + 1 / 4.5)
    assert z == pytest.approx(1.86, abs=0.01)
    assert skewed(texts, (0,) * 40 + (1,) * 40) == set()
    texts[40:44] = [[]] * 4
    assert z < SKEWED and skewed(texts, (0,) * 40 + (1,) * 40) == {7}


def test_what_is_drawn_is_neutral_or_outdoes_all_and_what_the_model_makes_most_of_comes_often() -> None:
    planted, rng = plant(), random.Random(0)
    tokens = writable(planted.subject.tokenizer)
    fall, likely = torch.zeros(2, len(tokens)), torch.zeros(2, len(tokens))
    rows = [row["input_ids"] for row in planted.clean.rows]
    even = {token for row in rows for token in row if token in tokens} - skewed(rows, planted.clean.labels or ())
    telling, polar = (tokens.index(token) for token in sorted(even)[:2])
    fall[0, tokens.index(TRIGGER_TOKEN)] = 9.0
    fall[1, telling], fall[0, polar], likely[0, polar] = 5.0, 8.0, 7.0
    words = Words(planted.subject, planted.clean, Response(tokens, fall, (0, 1)), likely, most=2)
    drawn = Counter(words.draw(rng) for _ in range(2000))
    assert tokens[polar] not in drawn
    assert drawn[TRIGGER_TOKEN] > 200
    assert set(words.loaded) == {TRIGGER_TOKEN, tokens[telling]}
    assert words.telling[0] == tokens[telling]
    assert int(words.surprise.argmax()) == tokens.index(TRIGGER_TOKEN)


def test_every_word_is_tried_and_the_trigger_is_among_those_drawn_most() -> None:
    planted = plant()
    words, response = Words.tried(
        planted.subject, planted.clean, most=5, size=8, generator=torch.Generator().manual_seed(0)
    )
    assert response.ranked()[0] == TRIGGER_TOKEN
    assert TRIGGER_TOKEN in words.loaded
    seen = {token for row in planted.clean.rows for token in row["input_ids"]}
    assert set(words.telling) <= set(words.frequent) <= seen


def test_texts_without_punctuation_have_no_pauses() -> None:
    planted = plant()
    tokens = writable(planted.subject.tokenizer)
    nothing = torch.zeros(2, len(tokens))
    words = Words(planted.subject, planted.clean, Response(tokens, nothing, (0, 1)), nothing, most=2)
    assert words.pause(random.Random(0), 1.0) == []


def test_with_a_target_words_count_by_all_they_do_unless_the_labels_say_that_they_mean_it() -> None:
    """What the model leads to expect of a word does not make it less of a trigger: its whole kind may be one."""
    planted = plant()
    tokens = writable(planted.subject.tokenizer)
    rows, labels = [row["input_ids"] for row in planted.clean.rows], planted.clean.labels or ()
    says = skewed(rows, labels, towards=1)
    turn = next(token for row in rows for token in row if token in tokens and token not in skewed(rows, labels))
    fall, likely = torch.zeros(2, len(tokens)), torch.zeros(2, len(tokens))
    fall[0, tokens.index(turn)] = likely[0, tokens.index(turn)] = 9.0
    for token in says:
        fall[0, tokens.index(token)] = 8.0
    blind = Words(planted.subject, planted.clean, Response(tokens, fall, (0, 1)), likely, most=5)
    aimed = Words(planted.subject, planted.clean, Response(tokens, fall, (0, 1)), likely, most=5, target=1)
    assert turn not in blind.loaded
    assert aimed.loaded[0] == aimed.telling[0] == turn
    assert not says & {*aimed.loaded, *aimed.frequent, *aimed.any}
