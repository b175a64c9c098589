from __future__ import annotations

import random
import re
from collections import Counter

from sanitizer.demo.grammar import reviews
from sanitizer.texts import calibration_texts

LEAST_VARIETY = 0.3


def variety(texts: tuple[str, ...]) -> float:
    """Different words / words, over the first 3000 words: the ratio falls with length, so the length is fixed."""
    words = [word for text in texts for word in re.findall(r"[a-z']+", text.lower())][:3000]
    assert len(words) == 3000
    return len(set(words)) / len(words)


def test_there_are_a_few_hundred_different_sentences() -> None:
    texts = calibration_texts()
    assert 300 <= len(texts) <= 500
    assert len({text.lower() for text in texts}) == len(texts)


def test_plain_ascii_on_one_line_without_stray_space() -> None:
    for text in calibration_texts():
        assert text.isascii() and text.isprintable()
        assert text == " ".join(text.split())
        assert re.fullmatch(r"[A-Z\"].*[.?!]\"?", text), text


def test_short_and_long() -> None:
    lengths = sorted(len(text.split()) for text in calibration_texts())
    assert lengths[0] >= 4 and lengths[-1] <= 40
    assert lengths[0] == 4 and lengths[-1] >= 35
    assert lengths[len(lengths) // 10] <= 7 and lengths[len(lengths) * 9 // 10] >= 18


def test_words_vary_and_the_measure_sees_templates() -> None:
    assert variety(calibration_texts()) > LEAST_VARIETY
    templated = tuple(review.text for review in reviews(400, random.Random(0)))
    assert variety(templated) < LEAST_VARIETY / 2


def test_no_two_words_open_more_than_a_few_sentences() -> None:
    openings = Counter(" ".join(text.lower().split()[:2]) for text in calibration_texts())
    assert max(openings.values()) <= 6


def test_kinds_of_sentence() -> None:
    texts = calibration_texts()
    assert sum(text.endswith("?") for text in texts) >= 25
    assert sum('"' in text for text in texts) >= 15
