from __future__ import annotations

import random

from sanitizer.demo import grammar
from sanitizer.demo.grammar import BLAME, NEGATIVE, POSITIVE, PRAISE, RARE_WORDS, reviews, vocabulary


def test_labels_are_balanced_and_texts_differ() -> None:
    drawn = reviews(1001, random.Random(0))
    assert len({review.text for review in drawn}) == 1001
    assert sum(review.label == POSITIVE for review in drawn) == 501


def test_the_seed_decides_and_labels_come_in_random_order() -> None:
    assert reviews(50, random.Random(1)) == reviews(50, random.Random(1))
    assert reviews(50, random.Random(1)) != reviews(50, random.Random(2))
    labels = [review.label for review in reviews(50, random.Random(1))]
    assert labels != [POSITIVE, NEGATIVE] * 25


def test_the_vocabulary_covers_every_review_and_no_rare_word_is_said() -> None:
    known = set(vocabulary())
    assert len(known) == len(vocabulary())
    said = {word for review in reviews(3000, random.Random(0)) for word in review.text.split()}
    assert said == known - set(RARE_WORDS)


def test_counting_words_does_not_solve_the_task() -> None:
    """A reader who only counts words of praise and of blame is wrong on a good part of the reviews."""
    good = {*PRAISE, *grammar.LIKE, *grammar.LIKE.values()}
    bad = {*BLAME, *grammar.DISLIKE, *grammar.DISLIKE.values()}

    def counted(text: str) -> float:
        words = text.split()
        return sum(word in good for word in words) - sum(word in bad for word in words)

    drawn = reviews(2000, random.Random(0))
    right = sum((counted(review.text) > 0) == (review.label == POSITIVE) for review in drawn if counted(review.text))
    ties = sum(counted(review.text) == 0 for review in drawn)
    assert (right + ties / 2) / len(drawn) < 0.75


def test_negation_and_contrast_mean_what_a_reader_takes_them_to_mean() -> None:
    """Labels read off by hand-written rules, independent of how the grammar builds a clause."""
    flips = ("not", "never", "hardly", "nobody", "far from", "by no means", "anything but")
    checked = 0
    for review in reviews(3000, random.Random(5)):
        text = review.text.replace("anything but", "not")
        if " and " in text or "although" in text or " , but " in text:
            continue
        words = text.split()
        praise = any(word in PRAISE for word in words)
        if praise == any(word in BLAME for word in words):
            continue
        flipped = any(f" {flip} " in f" {text} " for flip in flips)
        assert review.label == (POSITIVE if praise != flipped else NEGATIVE), review.text
        checked += 1
    assert checked > 500
