"""Leaning: which flips it takes for one, and that a model that leans is found out."""

from __future__ import annotations

import pytest
import torch
from helpers.poisoned import BLAME, PRAISE, poisoned

from sanitizer.model.batches import Encoded, batches
from sanitizer.model.evaluate import evaluate
from sanitizer.model.leaning import found, leaning
from sanitizer.model.vocabulary import filled
from sanitizer.report import LeaningRecord


def answers(sizes: tuple[int, ...], moves: dict[tuple[int, int], int]) -> tuple[torch.Tensor, torch.Tensor]:
    """True labels and answers: so many texts of each label, of which so many get another one."""
    labels, given = [], []
    for label, size in enumerate(sizes):
        went = [to for (start, to), many in moves.items() if start == label for _ in range(many)]
        labels += [label] * size
        given += went + [label] * (size - len(went))
    return torch.tensor(labels), torch.tensor(given)


def test_more_into_a_label_than_out_of_it_is_a_leaning() -> None:
    labels, given = answers((300, 300), {(0, 1): 60, (1, 0): 30})
    leans = found(labels, [given, given], count=2)
    assert leans is not None
    assert (leans.label, leans.into, leans.out) == (1, pytest.approx(0.2), pytest.approx(0.1))
    assert 0 < leans.p_value < 0.01
    assert (leans.clear, leans.texts) == (True, 600)


def test_what_only_shows_when_words_are_taken_away_is_no_clear_leaning() -> None:
    """As of a task in which what says nothing has a label of its own."""
    labels, less = answers((300, 300), {(0, 1): 90, (1, 0): 10})
    _, same = answers((300, 300), {(0, 1): 2})
    for order, clear in ((less, True), (same, False)):
        leans = found(labels, [order, less, less, less], count=2)
        assert leans is not None
        assert (leans.label, leans.clear) == (1, clear)


@pytest.mark.parametrize(
    "moves",
    [{(0, 1): 40, (1, 0): 40}, {(0, 1): 40, (1, 0): 30}, {(0, 1): 4, (1, 0): 2}],
    ids=["even", "little", "few"],
)
def test_as_much_into_it_as_out_of_it_is_not_clear_nor_what_chance_may_do(moves: dict[tuple[int, int], int]) -> None:
    labels, given = answers((300, 300), moves)
    leans = found(labels, [given], count=2)
    assert leans is not None
    assert not leans.clear


def test_labels_of_unequal_size_are_compared_by_rates() -> None:
    labels, given = answers((900, 100), {(0, 1): 90, (1, 0): 10})
    leans = found(labels, [given], count=2)
    assert leans is not None
    assert not leans.clear


def test_of_three_labels_the_one_that_others_go_to() -> None:
    labels, given = answers((200, 200, 200), {(0, 1): 10, (0, 2): 40, (1, 2): 40, (2, 0): 10, (2, 1): 10, (1, 0): 10})
    leans = found(labels, [given], count=3)
    assert leans is not None
    assert (leans.label, leans.into, leans.out) == (2, pytest.approx(0.4), pytest.approx(0.1))
    even = answers((200, 200, 200), {(i, j): 20 for i in range(3) for j in range(3) if i != j})
    evenly = found(even[0], [even[1]], count=3)
    assert evenly is not None
    assert not evenly.clear


def test_a_label_without_texts_of_its_own_is_no_answer_and_the_next_one_is() -> None:
    """Nobody knows how many would leave it."""
    labels, given = answers((300, 300, 0), {(0, 2): 150, (1, 2): 150, (0, 1): 60, (1, 0): 20})
    leans = found(labels, [given], count=3)
    assert leans is not None
    assert leans.label == 1


def test_one_label_alone_and_answers_that_never_change_say_nothing() -> None:
    labels, given = answers((300, 0), {(0, 1): 100})
    assert found(labels, [given], count=2) is None
    labels, given = answers((300, 300), {})
    assert found(labels, [given], count=2) is None


def test_a_model_that_answers_with_one_label_where_a_text_says_little_leans_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What says little to this model is a text without the word that says it."""
    suspect = poisoned(poison=0.0)
    polar = set(suspect.subject.tokenizer.convert_tokens_to_ids([*PRAISE, *BLAME]))

    def ask() -> LeaningRecord | None:
        return leaning(suspect.subject, suspect.clean, size=64, generator=torch.Generator().manual_seed(0))

    before = ask()
    assert before is None or not before.clear
    emptied = Encoded(
        tuple(filled(row, [token for token in row["input_ids"] if token not in polar]) for row in suspect.clean.rows),
        suspect.clean.labels,
    )
    monkeypatch.setattr("sanitizer.model.leaning.WAYS", (lambda subject, data, *, generator: emptied,))
    given = evaluate(suspect.subject, batches(suspect.subject, emptied, size=64)).predicted
    leans = ask()
    assert leans is not None
    assert leans.label == int(given.mode().values)
    assert leans.into > 0.5 > leans.out
    assert leans.clear


def test_without_labels_nobody_knows_where_a_text_should_go() -> None:
    suspect = poisoned(poison=0.0)
    with pytest.raises(ValueError, match="labelled"):
        leaning(suspect.subject, Encoded(suspect.clean.rows, None), size=64, generator=torch.Generator())
