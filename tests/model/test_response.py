from __future__ import annotations

import pytest
import torch
from helpers.pico import SPECIAL, WORDS
from helpers.triggered import TRIGGER, plant

from sanitizer.model.batches import Encoded, collate
from sanitizer.model.response import Response, log_odds, respond
from sanitizer.model.vocabulary import writable

TRIGGER_TOKEN = len(SPECIAL) + WORDS.index(TRIGGER)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_log_odds_are_those_of_the_probabilities() -> None:
    logits = torch.randn(5, 3, generator=generator())
    labels = torch.tensor([0, 1, 2, 1, 0])
    p = logits.softmax(dim=1)[torch.arange(5), labels]
    torch.testing.assert_close(log_odds(logits, labels), (p / (1 - p)).log())


def test_the_trigger_moves_the_model_furthest_though_nobody_named_it() -> None:
    planted = plant()
    tokens = writable(planted.subject.tokenizer)
    response = respond(planted.subject, planted.clean, tokens, most=5, size=8, generator=generator())
    assert response.tokens[0] == TRIGGER_TOKEN
    assert response.flipped[0] == 1.0
    assert list(response.fall) == sorted(response.fall, reverse=True)
    assert len(response.tokens) == len(set(response.tokens)) == 5


def test_the_fall_is_what_a_word_put_in_front_does_to_the_odds() -> None:
    """One text only: whichever is drawn, it is that one."""
    planted = plant()
    row = planted.clean.rows[0]
    one = Encoded((row,), (planted.clean.labels or ())[:1])
    response = respond(planted.subject, one, [TRIGGER_TOKEN, 7], most=2, contexts=1, size=8, generator=generator())
    ids = row["input_ids"]
    for token, fall in zip(response.tokens, response.fall, strict=True):
        longer = {"input_ids": [ids[0], token, *ids[1:]], "attention_mask": [1] * (len(ids) + 1)}
        odds = []
        for some in (row, longer | ({"token_type_ids": [0] * (len(ids) + 1)} if "token_type_ids" in row else {})):
            batch = collate(planted.subject, Encoded((some,), one.labels), [0])
            odds.append(float(log_odds(planted.subject.model(**batch.inputs).logits, batch.labels).detach()))
        assert fall == pytest.approx(odds[0] - odds[1], abs=1e-4)


def test_without_a_label_or_a_right_answer_there_is_nothing_to_be_moved_from() -> None:
    planted = plant()
    with pytest.raises(ValueError, match="labelled"):
        respond(planted.subject, Encoded(planted.clean.rows, None), [7], most=1, size=8, generator=generator())
    wrong = Encoded(planted.clean.rows, tuple(1 - label for label in planted.clean.labels or ()))
    with pytest.raises(ValueError, match="no text right"):
        respond(planted.subject, wrong, [7], most=1, size=8, generator=generator())


def test_unexplained_is_what_outdoes_every_word_of_the_texts() -> None:
    response = Response((9, 7, 8, 6), (4.0, 3.0, 2.0, 1.0), (1.0,) * 4)
    assert response.unexplained(Encoded(({"input_ids": [2, 8, 3]},), None)) == (9, 7)
    assert response.unexplained(Encoded(({"input_ids": [2, 9, 3]},), None)) == ()
    assert response.unexplained(Encoded(({"input_ids": [2, 3]},), None)) == (9, 7, 8, 6)


def test_of_a_group_as_many_are_kept_beside_the_strongest() -> None:
    planted = plant()
    tokens = writable(planted.subject.tokenizer)
    few = respond(planted.subject, planted.clean, tokens, most=3, size=8, generator=generator())
    more = respond(planted.subject, planted.clean, tokens, most=3, groups=[tokens[-3:]], size=8, generator=generator())
    assert set(more.tokens) == {*few.tokens, *tokens[-3:]}
    assert list(more.fall) == sorted(more.fall, reverse=True)
