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
    response = respond(planted.subject, planted.clean, tokens, size=8, generator=generator())
    assert response.tokens == tokens
    assert response.fall.shape == (2, len(tokens))
    assert response.ranked()[0] == TRIGGER_TOKEN


def test_towards_a_target_is_what_texts_of_other_labels_do() -> None:
    fall = torch.tensor([[1.0, 5.0], [3.0, 2.0], [2.0, 9.0]])
    response = Response((7, 8), fall, (0, 1, 3))
    assert response.towards(0).tolist() == [3.0, 9.0]
    assert response.towards(3).tolist() == [3.0, 5.0]
    assert response.towards(2).tolist() == [3.0, 9.0]
    assert Response((7, 8), fall[:1], (0,)).towards(0).tolist() == [1.0, 5.0]


def test_its_rows_are_labels() -> None:
    planted = plant()
    assert respond(planted.subject, planted.clean, [7], size=8, generator=generator()).labels == (0, 1)


def test_the_fall_is_what_a_word_put_in_front_does_to_the_odds() -> None:
    """One text only: whichever is drawn, it is that one."""
    planted = plant()
    row = planted.clean.rows[0]
    one = Encoded((row,), (planted.clean.labels or ())[:1])
    response = respond(planted.subject, one, [TRIGGER_TOKEN, 7], contexts=1, size=8, generator=generator())
    ids, (falls,) = row["input_ids"], response.fall.tolist()
    for token, fall in zip(response.tokens, falls, strict=True):
        longer = {name: [*values[:1], *values] for name, values in row.items()} | {
            "input_ids": [ids[0], token, *ids[1:]]
        }
        odds = []
        for some in (row, longer):
            batch = collate(planted.subject, Encoded((some,), one.labels), [0])
            odds.append(float(log_odds(planted.subject.model(**batch.inputs).logits, batch.labels).detach()))
        assert fall == pytest.approx(odds[0] - odds[1], abs=1e-4)


def test_without_a_label_or_a_right_answer_there_is_nothing_to_be_moved_from() -> None:
    planted = plant()
    with pytest.raises(ValueError, match="labelled"):
        respond(planted.subject, Encoded(planted.clean.rows, None), [7], size=8, generator=generator())
    wrong = Encoded(planted.clean.rows, tuple(1 - label for label in planted.clean.labels or ()))
    with pytest.raises(ValueError, match="no text right"):
        respond(planted.subject, wrong, [7], size=8, generator=generator())


def test_outdoing_is_what_does_more_than_every_word_of_the_texts() -> None:
    response = Response((6, 7, 8, 9), torch.tensor([[1.0, 3.0, 0.0, 0.0], [0.0, 0.0, 2.0, 4.0]]), (0, 1))
    assert response.ranked() == [9, 7, 8, 6]
    assert response.ranked(response.fall[0])[0] == 7
    assert response.outdoing(Encoded(({"input_ids": [2, 8, 3]},), None)) == [9, 7]
    assert response.outdoing(Encoded(({"input_ids": [2, 9, 3]},), None)) == []
    assert response.outdoing(Encoded(({"input_ids": [2, 3]},), None)) == [9, 7, 8, 6]
