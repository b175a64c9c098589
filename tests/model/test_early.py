from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.model.early import History, Score

SCORES = st.lists(
    st.builds(Score, st.sampled_from([0.5, 0.6, 0.7]), st.sampled_from([0.1, 0.2, math.nan, math.inf])), min_size=1
)


def history(*scores: Score) -> History:
    made = History()
    for score in scores:
        made = made.after(1.0, score)
    return made


def test_accuracy_decides_and_loss_only_between_equals() -> None:
    worse, better = Score(0.8, 0.1), Score(0.9, 5.0)
    assert history(worse, better).best == 2
    assert history(Score(0.9, 0.3), Score(0.9, 0.2), Score(0.9, 0.25)).best == 2


def test_of_equals_the_first_is_kept() -> None:
    assert history(Score(0.8, 0.1), Score(0.9, 0.1), Score(0.9, 0.1)).best == 2


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_an_epoch_that_blew_up_is_never_better(loss: float) -> None:
    assert history(Score(0.5, 2.0), Score(1.0, loss)).best == 1
    assert history(Score(1.0, loss), Score(0.5, 2.0)).best == 2


def test_without_validation_the_last_epoch_stands_and_nothing_stops_early() -> None:
    made = History().after(3.0, None).after(2.0, None)
    assert (made.best, made.over(3, 1), made.over(2, 1)) == (2, False, True)
    assert made.observed() == {"first_epoch_loss": 3.0, "last_epoch_loss": 2.0, "epochs": 2.0}


def test_it_waits_for_as_many_epochs_as_it_has_patience() -> None:
    rise, fall = Score(0.9, 0.1), Score(0.8, 0.1)
    assert not history(rise).over(9, 1)
    assert history(rise, fall).over(9, 1)
    assert not history(rise, fall).over(9, 2)
    assert not history(fall, rise, fall).over(9, 2)
    assert history(fall, rise, fall, fall).over(9, 2)
    assert not history(rise, fall, fall, fall).over(9, 0)


@given(SCORES)
def test_no_epoch_is_better_than_the_best_and_patience_counts_from_it(scores: list[Score]) -> None:
    made = history(*scores)
    best = scores[made.best - 1]
    usable = [score for score in scores if math.isfinite(score.loss)]
    if usable:
        assert best.accuracy == max(score.accuracy for score in usable)
        assert best.loss == min(score.loss for score in usable if score.accuracy == best.accuracy)
    assert made.over(len(scores) + 1, 1) == (made.best < len(scores))


def test_the_record_names_the_first_and_the_best() -> None:
    observed = history(Score(0.8, 0.4), Score(0.9, 0.3), Score(0.7, 0.2)).observed()
    assert observed == {
        "first_epoch_loss": 1.0,
        "last_epoch_loss": 1.0,
        "epochs": 3.0,
        "best_epoch": 2.0,
        "first_validation_accuracy": 0.8,
        "best_validation_accuracy": 0.9,
        "best_validation_loss": 0.3,
    }


@given(SCORES)
def test_it_survives_json(scores: list[Score]) -> None:
    made = history(*scores)
    back = History.from_json(json.loads(json.dumps(made.to_json())))
    assert repr(back) == repr(made)  # nan is not equal to itself
